import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'

import { expect, it } from 'vitest'

import { checkPorts, parseListeners } from './check-ports.ts'

it('names the holder of each listening port, IPv6 included', () => {
  const text = [
    'LISTEN 0 511 127.0.0.1:8080 0.0.0.0:* users:(("nginx",pid=812,fd=6),("nginx",pid=811,fd=6))',
    'LISTEN 0 128 [::]:22 [::]:* users:(("sshd",pid=1,fd=4))',
    'LISTEN 0 4096 0.0.0.0:9090 0.0.0.0:*',
  ].join('\n')
  expect([...parseListeners(text)]).toEqual([
    [8080, 'nginx (pid 812)'],
    [22, 'sshd (pid 1)'],
  ])
})

it('finds the port that is taken, and not the one that is free again', async () => {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  expect((await checkPorts([port])).map((taken) => taken.port)).toEqual([port])
  await new Promise<void>((resolve) => void server.close(() => resolve()))
  expect(await checkPorts([port])).toEqual([])
})
