import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { plannedConfigOf } from '@neuronha/core/render/planned.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { POOLER_CONSOLE, POOLER_DATABASES, ROLES } from '@neuronha/core/topology/roles.ts'
import { connectPostgres } from '@neuronha/runtime/postgres/connection.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createClusterObserver } from '../../packages/control/src/commands/context.ts'
import { cliTlsFiles, openKv } from '../../packages/control/src/commands/open-kv.ts'
import { createPlannedDeps } from '../../packages/control/src/planned/create-planned-deps.ts'
import { switchover } from '../../packages/control/src/planned/switchover.ts'
import { silentProgress } from '../../packages/control/src/setup/progress.ts'
import { cluster, inspect, sqlOn, statusOf, untilHealthy } from './cluster.ts'
import { startLoad } from './load.ts'
import { CLUSTER_NAME, neuronha, REPOSITORY } from './neuronha.ts'

const HERE = ['--cluster', CLUSTER_NAME]

const primaryNow = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role === 'primary')?.name ?? ''
const standbyNow = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role !== 'primary')?.name ?? ''

/** A connection through the first pooler. */
const throughPooler = (role: 'drill' | 'poolerStats' | 'poolerAdmin', database: string) => {
  const { spec, secrets } = cluster()
  const address = addressesOf(spec, 'pooler')[0] ?? ''
  return connectPostgres({
    endpoint: { name: address, address, port: 6432 },
    login: { user: ROLES[role].name, password: secrets.roles[role].password, database },
    tls: loadTls(cliTlsFiles(cluster())),
    applicationName: 'nightly-report',
    connectTimeoutMs: 5000,
  })
}

/** When each member's PostgreSQL was started. */
async function startsOfPostgres(): Promise<Readonly<Record<string, string>>> {
  const { members } = await statusOf()
  const asked = members.map(async ({ name }) => [
    name,
    (await sqlOn(name, 'select pg_postmaster_start_time()')).trim(),
  ])
  return Object.fromEntries(await Promise.all(asked)) as Record<string, string>
}

const pausedNow = async (): Promise<readonly string[]> =>
  (await statusOf()).poolers.flatMap(({ databases }) =>
    databases.filter(({ paused }) => paused).map(({ name }) => name),
  )

beforeEach(async () => {
  await untilHealthy()
})
afterEach(async () => {
  await untilHealthy()
})

describe('switchover', () => {
  it('changes the primary under load, and no client sees an error', async () => {
    const from = await primaryNow()
    const load = await startLoad()
    await delay(1000)
    const { code, stdout, stderr } = await neuronha(['switchover', ...HERE, '--json'])
    expect(code, stderr).toBe(0)
    const result = JSON.parse(stdout) as { from: string; to: string; stallMs: number }
    await delay(1000)
    await load.stop()
    expect(load.failures).toEqual([])
    expect(load.sent()).toBeGreaterThan(10)
    expect(result.from).toBe(from)
    expect(await primaryNow()).toBe(result.to)
    expect(result.stallMs).toBeLessThan(9000)
  })

  it('makes the very member the primary that was asked for, and restarts none but the old one', async () => {
    const [from, to, before] = await Promise.all([primaryNow(), standbyNow(), startsOfPostgres()])
    const { code, stderr } = await neuronha(['switchover', '--to', to, ...HERE])
    expect(code, stderr).toBe(0)
    expect(await primaryNow()).toBe(to)
    await untilHealthy()
    const after = await startsOfPostgres()
    const restarted = Object.keys(before).filter((name) => after[name] !== before[name])
    expect(restarted).toEqual([from])
  })

  it('is refused with every reason and exit 3, and touches nothing', async () => {
    const primary = await primaryNow()
    const client = await throughPooler('drill', POOLER_DATABASES.write)
    await client.simple('BEGIN')
    await client.simple('SELECT 1')
    await delay(1600)
    const { code, stderr } = await neuronha(['switchover', '--to', primary, ...HERE])
    await client.simple('COMMIT')
    await client.close()
    expect(code).toBe(3)
    expect(stderr).toMatch(/nightly-report.*idle in transaction/)
    expect(stderr).toContain(`${primary} is the primary already`)
    expect(await primaryNow()).toBe(primary)
  })
})

describe('a transaction that began after the checks', () => {
  it('ends the switchover at its deadline, is named, and goes on unharmed', async () => {
    const { spec, secrets } = cluster()
    const before = await primaryNow()
    const client = await throughPooler('drill', POOLER_DATABASES.write)
    const observer = createClusterObserver(cluster())
    const opened = openKv(cluster())
    const tls = loadTls(cliTlsFiles(cluster()))
    const { deps, close } = createPlannedDeps(plannedConfigOf(spec, secrets), tls, {
      kv: opened.kv,
      record: () => undefined,
      progress: silentProgress,
      signal: new AbortController().signal,
      actor: 'a test',
      observe: () => observer.observe(),
    })
    let hasBegun = false
    const members = {
      ...deps.members,
      checkpoint: async () => {
        if (hasBegun) return
        hasBegun = true
        await client.simple('BEGIN')
        await client.simple('SELECT 1')
      },
    }
    try {
      const tried = switchover({ why: 'a test' }, { ...deps, members })
      await expect(tried).rejects.toThrow(/could not be quiet within 1\.5 s.*nightly-report/)
      expect(await pausedNow()).toEqual([])
      await client.simple('COMMIT')
    } finally {
      await client.close()
      await Promise.all([observer.close(), opened.close(), close()])
    }
    expect(await primaryNow()).toBe(before)
  })
})

describe('a command line that is killed while it holds the clients', () => {
  it('is made up for by the poolers, which resume by themselves, and no client sees an error', async () => {
    const load = await startLoad()
    await delay(500)
    const main = join(REPOSITORY, 'packages/control/src/main.ts')
    const child = spawn(process.execPath, [main, 'switchover', ...HERE], {
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    const ended = once(child, 'exit')
    const said: string[] = []
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line)
      if (line.includes('Patroni changes the primary')) child.kill('SIGKILL')
    }
    const killedAt = Date.now()
    expect(await ended, said.join('\n')).toEqual([null, 'SIGKILL'])
    expect(await pausedNow()).toContain(POOLER_DATABASES.write)
    while ((await pausedNow()).length > 0) {
      expect(Date.now() - killedAt, 'poolers still hold their clients').toBeLessThan(15_000)
      await delay(300)
    }
    await delay(1000)
    await load.stop()
    expect(load.failures).toEqual([])
    await untilHealthy()
    // What the killed one held in etcd is gone with its lease.
    await delay(16_000)
    const { code, stderr } = await neuronha(['switchover', ...HERE])
    expect(code, stderr).toBe(0)
  })
})

describe('restart', () => {
  it('restarts all members and routers one by one under load, and no client sees an error', async () => {
    const { spec } = cluster()
    const names = [1, 2, 3, 4].map((ordinal) => `${spec.name}-member-${ordinal}`)
    const before = await Promise.all(names.map(inspect))
    const load = await startLoad()
    const { code, stderr } = await neuronha(['restart', 'member', 'router', ...HERE])
    await load.stop()
    expect(code, stderr).toBe(0)
    expect(load.failures).toEqual([])
    const after = await Promise.all(names.map(inspect))
    for (const [index, { startedAt }] of after.entries())
      expect(startedAt).not.toBe(before[index]?.startedAt)
  })

  it('has nothing to do when no setting waits for it', async () => {
    const { code, stdout } = await neuronha(['restart', '--pending', ...HERE])
    expect(code).toBe(0)
    expect(stdout).toContain('Nothing waits')
  })
})

describe('reinit', () => {
  it('builds a standby anew', async () => {
    const name = await standbyNow()
    const { code, stderr } = await neuronha(['reinit', name, '--yes', ...HERE])
    expect(code, stderr).toBe(0)
    const { members } = await statusOf()
    expect(members.find((member) => member.name === name)?.state).toBe('streaming')
  })

  it('never touches the primary', async () => {
    const { code, stderr } = await neuronha(['reinit', await primaryNow(), '--yes', ...HERE])
    expect(code).toBe(3)
    expect(stderr).toContain('is the primary')
  })
})

describe('the poolers’ console', () => {
  it('lets its administrator pause, and nobody who only looks', async () => {
    const stats = await throughPooler('poolerStats', POOLER_CONSOLE)
    await expect(stats.simple(`PAUSE ${POOLER_DATABASES.read}`)).rejects.toThrow(/admin/)
    await stats.close()
    const admin = await throughPooler('poolerAdmin', POOLER_CONSOLE)
    await expect(admin.simple('RESUME neurondb')).rejects.toThrow(/not paused/)
    await admin.close()
  })

  it('is closed to services', async () => {
    await expect(throughPooler('drill', POOLER_CONSOLE)).rejects.toThrow()
  })
})
