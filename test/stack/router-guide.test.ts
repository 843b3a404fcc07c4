/** Who may tell a router where the primary is, what may be said, and that the router's own checks have the last word. */
import { connect } from 'node:tls'
import { setTimeout as delay } from 'node:timers/promises'
import { guideLine } from '@neuronha/core/contracts/router-guide.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { beforeAll, describe, expect, it } from 'vitest'
import { cliTlsFiles } from '../../packages/control/src/commands/open-kv.ts'
import { createRouterGuide } from '../../packages/control/src/routers/router-guide.ts'
import { cluster, inContainer, statusOf, untilHealthy, untilStatus } from './cluster.ts'

const routers = () => containersOf(cluster().spec, 'router')
const members = () => containersOf(cluster().spec, 'member').map(({ name }) => name)
const ourGuide = () =>
  createRouterGuide({
    routers: routers(),
    members: members().map((name) => ({ name })),
    tls: loadTls(cliTlsFiles(cluster())),
  })

const primaryNow = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role === 'primary')?.name ?? ''
const leadTo = (member: string) => (status: Awaited<ReturnType<typeof statusOf>>) =>
  status.routers.every((router) => router.write_to === member)

/** What the first router answers to a line that is said with this certificate; empty: it hung up. */
function say(line: string, certificate: string): Promise<string> {
  const { secrets, ca } = cluster()
  const pair = secrets.certificates[certificate]
  if (pair === undefined) throw new Error(`no certificate ${certificate}`)
  const socket = connect({
    host: routers()[0]?.address ?? '',
    port: PORTS.routerGuide,
    ca,
    cert: pair.certificate,
    key: pair.key,
  })
  socket.setEncoding('utf8')
  return new Promise((resolve) => {
    let answer = ''
    socket.on('secureConnect', () => socket.write(line))
    socket.on('data', (piece: string) => (answer += piece))
    socket.on('error', () => undefined)
    socket.on('close', () => resolve(answer))
  })
}

beforeAll(async () => {
  await untilHealthy()
})

describe('a router', () => {
  it('does what the command line says of the primary', async () => {
    const primary = await primaryNow()
    expect(await ourGuide().lead(primary)).toEqual([])
    expect(leadTo(primary)(await statusOf())).toBe(true)
  })

  it('finds out by itself when it was told of a member that is no primary', async () => {
    const primary = await primaryNow()
    const standby = members().find((name) => name !== primary) ?? ''
    expect(await ourGuide().lead(standby)).toEqual([])
    await delay(100)
    await untilStatus('routers that lead to the primary alone', leadTo(primary), 20_000)
  })

  it.each([
    ['another command', () => 'show info\n'],
    ['another section', () => `set server read/${members()[0]} health down\n`],
    ['a member out of service', () => `set server write/${members()[0]} state maint\n`],
    ['a second line', () => `${guideLine(members(), members()[0] ?? '')}show sess\n`],
  ])('does not take %s', async (_what, line) => {
    expect(await say(line(), 'cli')).toBe('')
  })

  it('takes nothing from other certificates, and no connection from other containers', async () => {
    const name = (part: string): string => `${cluster().spec.name}-${part}`
    const line = guideLine(members(), await primaryNow())
    expect(await say(line, name('agent-1'))).toBe('')
    const script = `
      require('node:net').connect(${PORTS.routerGuide}, '${routers()[0]?.address ?? ''}')
        .on('error', (error) => console.log(error.code))
        .on('close', () => console.log('closed'))
        .setTimeout(3000, () => { console.log('open'); process.exit() })`
    expect(await inContainer(name('agent-1'), ['node', '-e', script])).toMatch(/ECONNRESET|closed/)
  })
})
