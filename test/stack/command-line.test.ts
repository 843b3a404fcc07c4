import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { spawn } from 'node:child_process'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { untilHealthy } from './cluster.ts'
import { CLUSTER_FILE, CLUSTER_NAME, neuronha, neuronhaJson, REPOSITORY } from './neuronha.ts'

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-cli-'))
})
afterAll(() => rm(folder, { recursive: true, force: true }))

const fileWith = async (name: string, text: string): Promise<string> => {
  const path = join(folder, `${name}.yaml`)
  await writeFile(path, text)
  return path
}

describe('up', () => {
  it('changes nothing when nothing changed, and says so', async () => {
    const result = await neuronhaJson<{ health: string; changed: unknown[] }>([
      'up',
      '-f',
      CLUSTER_FILE,
    ])
    expect(result).toMatchObject({ health: 'healthy', changed: [] })
  })

  it('completes what an interrupted one left behind', async () => {
    const child = spawn(join(REPOSITORY, 'neuronha'), ['up', '-f', CLUSTER_FILE], {
      stdio: 'ignore',
      detached: true,
    })
    await delay(1500)
    process.kill(-(child.pid ?? 0), 'SIGKILL')
    await once(child, 'exit')
    expect((await neuronha(['up', '-f', CLUSTER_FILE])).code).toBe(0)
  })

  it('leaves the cluster to the command that changes it, and names that command', async () => {
    const first = neuronha(['up', '-f', CLUSTER_FILE])
    await delay(700)
    const second = await neuronha(['up', '-f', CLUSTER_FILE])
    expect((await first).code).toBe(0)
    expect(second.code).toBe(3)
    expect(second.stderr).toMatch(/is being changed by `\.\/neuronha up .*` \(process \d+/)
  })

  it('has no plan when nothing changed, and a step by step plan when something did', async () => {
    expect((await neuronha(['plan', '-f', CLUSTER_FILE])).code).toBe(0)
    const text = `name: ${CLUSTER_NAME}\nnetwork: {subnet: 10.74.0.0/24}\nedge: {httpPort: 18080, httpsPort: 18443}\nservices: {agent: {replicas: 4}}\n`
    const result = await neuronha(['plan', '-f', await fileWith('more', text)])
    expect(result.code).toBe(4)
    expect(result.stdout).toMatch(/start 1 container/)
  })
})

describe('output', () => {
  it('that goes to no terminal has no colours, also where a build server would have them', async () => {
    for (const command of [
      ['status', '--cluster', CLUSTER_NAME],
      ['drill', 'list'],
    ]) {
      const { stdout } = await neuronha(command, { env: { CI: '1', FORCE_COLOR: '1' } })
      expect(stdout.length).toBeGreaterThan(200)
      expect(stdout).not.toContain('\u001b')
    }
  })
})

describe('bad input is refused before anything is touched:', () => {
  const cases: readonly (readonly [string, string, number, RegExp])[] = [
    [
      'unknown keys',
      'databse: {members: 3}',
      2,
      /line 1: databse: is not a setting .*did you mean database/,
    ],
    [
      'impossible numbers',
      'database: {members: 400}',
      2,
      /database\.members: is too large \(got 400\)/,
    ],
    [
      'fewer members than hold the quorum',
      `name: ${CLUSTER_NAME}\nnetwork: {subnet: 10.74.0.0/24}\nprotection: available\nedge: {httpPort: 18080, httpsPort: 18443}\ndatabase: {members: 1, syncStandbys: 0}`,
      3,
      /1 members cannot hold 1 sync standbys/,
    ],
    [
      'another number of etcd members',
      `name: ${CLUSTER_NAME}\nnetwork: {subnet: 10.74.0.0/24}\nedge: {httpPort: 18080, httpsPort: 18443}\netcd: {members: 5}`,
      3,
      /could lose its quorum/,
    ],
    ['another PostgreSQL major', 'database: {version: 18}', 2, /database\.version: .*\(got 18\)/],
    [
      'a network that is taken',
      `name: neuronha-other\nnetwork: {subnet: 10.74.0.0/24}\nedge: {httpPort: 18082, httpsPort: 18445}`,
      3,
      /overlaps with 10\.74\.0\.0\/24/,
    ],
  ]
  it.each(cases)('%s', async (_title, text, code, message) => {
    const before = await neuronha(['plan', '-f', CLUSTER_FILE])
    const result = await neuronha(['up', '--yes', '-f', await fileWith('bad', text)])
    expect(result.code, result.stderr).toBe(code)
    expect(result.stderr).toMatch(message)
    expect(before.code).toBe(0)
    expect((await neuronha(['plan', '-f', CLUSTER_FILE])).code).toBe(0)
  })

  it('a port in use, with who holds it', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const text = `name: neuronha-other\nnetwork: {subnet: 10.73.0.0/24}\nedge: {httpPort: ${port}, httpsPort: 18445}`
    const result = await neuronha(['up', '-f', await fileWith('port', text)])
    server.close()
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(
      new RegExp(`edge\\.httpPort: port ${port} is used by .*pid ${process.pid}`),
    )
  })
})

describe('day-two commands', () => {
  it('scale changes the number in the cluster file, keeps its comments, and converges', async () => {
    const copy = await fileWith('scaled', await readFile(CLUSTER_FILE, 'utf8'))
    expect((await neuronha(['up', '-f', copy])).code).toBe(0)
    const result = await neuronha(['scale', '-f', copy, 'mcp=3'])
    expect(result.code, result.stderr).toBe(0)
    const grown = await untilHealthy()
    expect(grown.services.filter(({ component }) => component === 'mcp')).toHaveLength(3)
    expect(await readFile(copy, 'utf8')).toMatch(/^# The one cluster[\s\S]*mcp:\s+replicas: 3/)
    expect((await neuronha(['up', '-f', CLUSTER_FILE])).code).toBe(0)
    const back = await untilHealthy()
    expect(back.services.filter(({ component }) => component === 'mcp')).toHaveLength(2)
  })

  it('psql goes to the primary, or to a standby when asked', async () => {
    const ask = async (role: string): Promise<string> =>
      (
        await neuronha([
          'psql',
          '--cluster',
          CLUSTER_NAME,
          role,
          '--',
          '-XAtc',
          'select pg_is_in_recovery()',
        ])
      ).stdout.trim()
    expect(await ask('--primary')).toBe('f')
    expect(await ask('--standby')).toBe('t')
  })

  it('logs and exec name the nearest container on a slip', async () => {
    const result = await neuronha(['logs', '--cluster', CLUSTER_NAME, 'membr-1'])
    expect(result.code).toBe(2)
    expect(result.stderr).toMatch(/Did you mean member-1/)
    const who = await neuronha(['exec', '--cluster', CLUSTER_NAME, 'agent-1', '--', 'id', '-u'])
    expect(who.stdout.trim()).toBe('10001')
  })

  it('render writes a Compose file that the engine accepts, and no secret into it', async () => {
    const out = join(folder, 'rendered')
    expect((await neuronha(['render', '-f', CLUSTER_FILE, '--out', out])).code).toBe(0)
    const again = await neuronha(['render', '-f', CLUSTER_FILE, '--out', out])
    expect(again.code).toBe(3)
  })
})
