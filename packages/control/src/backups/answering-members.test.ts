import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { configurationNow, withoutMembers } from './answering-members.ts'

const member = (number: number, port: number): string =>
  `pg${number}-host=127.0.0.1\npg${number}-host-port=${port}\npg${number}-path=/data`
const configuration = (...ports: readonly number[]): string =>
  [
    '[global]',
    'io-timeout=20',
    '[demo]',
    ...ports.map((port, index) => member(index + 1, port)),
  ].join('\n')

test('a member that is left out leaves no number free, and nothing else changes', () => {
  expect(withoutMembers(configuration(1, 2, 3), new Set(['2']))).toBe(configuration(1, 3))
  expect(withoutMembers(configuration(1, 2, 3), new Set())).toBe(configuration(1, 2, 3))
})

test('those that do not answer are left out, unless nobody does', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'neuronha-answering-'))
  const [server, closed] = [createServer(), createServer()]
  try {
    const ports: number[] = []
    for (const each of [server, closed]) {
      await once(each.listen(0, '127.0.0.1'), 'listening')
      ports.push((each.address() as AddressInfo).port)
    }
    closed.close()
    const [open = 0, shut = 0] = ports
    const [path, narrowed] = [join(folder, 'whole.conf'), join(folder, 'narrowed.conf')]
    const use = async (...some: readonly number[]): Promise<string> => {
      await writeFile(path, configuration(...some))
      return configurationNow(path, narrowed)
    }
    expect(await use(open, open)).toBe(path)
    expect(await use(shut, shut)).toBe(path)
    expect(await use(shut, open)).toBe(narrowed)
    expect(await readFile(narrowed, 'utf8')).toBe(configuration(open))
  } finally {
    server.close()
    await rm(folder, { recursive: true })
  }
})
