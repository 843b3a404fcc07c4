/** The audit log and maintenance mode, end to end: etcd, PostgreSQL, the command line, the API. */
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { coordinationKeys, type PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import type { EventsPage } from '@neuronha/core/contracts/events.ts'
import { ROLES } from '@neuronha/core/topology/roles.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { connectPostgres } from '@neuronha/runtime/postgres/connection.ts'
import { run } from '@neuronha/runtime/exec.ts'
import { openKv, type OpenKv } from '../../packages/control/src/commands/open-kv.ts'
import { cluster, sqlOn, statusOf, untilHealthy, untilStatus } from './cluster.ts'
import { CLUSTER_NAME, neuronha, neuronhaJson } from './neuronha.ts'

const HERE = ['--cluster', CLUSTER_NAME]

interface MaintenanceAnswer {
  readonly maintenance: { readonly by: string; readonly why: string; readonly since: string } | null
  readonly before?: MaintenanceAnswer['maintenance']
}

let etcd: OpenKv
beforeAll(async () => {
  await untilHealthy()
  etcd = openKv(cluster())
})
afterAll(async () => {
  await neuronha(['maintenance', 'off', ...HERE])
  await etcd.close()
})

/** `neuronha events --json`, oldest first, and what it said beside. */
async function eventsOf(args: readonly string[] = []) {
  const { code, stdout, stderr } = await neuronha(['events', ...HERE, '--json', ...args])
  expect(code, stderr).toBe(0)
  const lines = stdout.split('\n').filter((line) => line !== '')
  return { events: lines.map((line) => JSON.parse(line) as PlatformEvent), stderr }
}

const maintenance = (args: readonly string[]): Promise<MaintenanceAnswer> =>
  neuronhaJson(['maintenance', ...args, ...HERE])

const primaryName = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role === 'primary')?.name ?? ''

/** Waits until an event is in PostgreSQL, and gone from etcd. */
async function untilArchived(why: string): Promise<string> {
  const { events: prefix } = coordinationKeys(CLUSTER_NAME)
  const deadline = Date.now() + 60_000
  for (;;) {
    const id = (
      await sqlOn(
        await primaryName(),
        `select id from neuronha.events where summary like 'Maintenance _% ${why}' and kind <> 'maintenance.off'`,
      )
    ).trim()
    const { kvs } = await etcd.kv.list(prefix)
    if (id !== '' && kvs.every(({ key }) => key !== `${prefix}${id}`)) return id
    if (Date.now() > deadline) throw new Error(`the event of ${why} was not archived`)
    await delay(300)
  }
}

describe('maintenance', () => {
  it('is seen by everybody while it is on, remembers who and why, and ends', async () => {
    const why = `rack ${crypto.randomUUID()}`
    const on = await maintenance(['on', '--why', why])
    expect(on.maintenance).toMatchObject({ why, by: expect.stringMatching(/.+@.+/) as string })
    expect((await statusOf()).maintenance).toEqual(on.maintenance)
    await untilStatus('the cluster healthy all the same', ({ health }) => health === 'healthy')
    const shown = await neuronha(['status', ...HERE])
    expect(shown.stdout).toContain(`by ${on.maintenance?.by ?? ''}: rack`)
    const plan = await neuronha(['up', ...HERE])
    expect(plan.stderr).toContain(`Maintenance is on since`)

    const again = await maintenance(['on', '--why', `${why}, and a fan`])
    expect(again).toMatchObject({ before: { why }, maintenance: { since: on.maintenance?.since } })
    expect((await maintenance(['off'])).before?.why).toBe(`${why}, and a fan`)
    expect((await maintenance(['off'])).before).toBeNull()
    expect((await statusOf()).maintenance).toBeNull()
    const { events } = await eventsOf(['--kind', 'maintenance', '--limit', '3'])
    expect(events.map(({ kind }) => kind)).toEqual([
      'maintenance.on',
      'maintenance.updated',
      'maintenance.off',
    ])
  })

  it('needs a reason', async () => {
    expect((await neuronha(['maintenance', 'on', ...HERE])).code).toBe(2)
    expect((await neuronha(['maintenance', 'on', '--why', ' ', ...HERE])).code).toBe(2)
  })
})

describe('an event', () => {
  it('moves from etcd to PostgreSQL, is listed once all the while, and survives a switch of primary', async () => {
    const why = `disks ${crypto.randomUUID()}`
    const startedAt = new Date().toISOString()
    await maintenance(['on', '--why', why])
    const listed = async (): Promise<readonly PlatformEvent[]> =>
      (await eventsOf(['--since', startedAt, '--kind', 'maintenance.on'])).events
    expect((await listed()).map(({ summary }) => summary)).toEqual([`Maintenance begins: ${why}`])
    await maintenance(['off'])
    const id = await untilArchived(why)
    const [event] = await listed()
    expect(event).toMatchObject({
      id,
      source: 'cli',
      severity: 'warning',
      evidence: { before: null, after: { why } },
    })

    const old = await primaryName()
    await run('docker', ['restart', '-t', '20', old])
    await untilHealthy()
    expect((await listed()).map((one) => one.id)).toEqual([id])
  })

  it('waits in etcd while there is no primary, and `events` says what it cannot know', async () => {
    const members = addressesOf(cluster().spec, 'member').map(
      (_, index) => `${CLUSTER_NAME}-member-${index + 1}`,
    )
    const why = `outage ${crypto.randomUUID()}`
    // The controllers must leave the members to this test.
    await maintenance(['on', '--why', 'a test pauses every member'])
    await run('docker', ['pause', ...members])
    try {
      await maintenance(['on', '--why', why])
      const { events, stderr } = await eventsOf(['--kind', 'maintenance', '--limit', '1'])
      expect(events[0]?.summary).toContain(why)
      expect(stderr).toContain('PostgreSQL does not answer')
    } finally {
      await run('docker', ['unpause', ...members])
    }
    await untilHealthy()
    await maintenance(['off'])
    await untilArchived(why)
  })

  it('is read from PostgreSQL while etcd is away, and `events` says so', async () => {
    const names = addressesOf(cluster().spec, 'etcd').map(
      (_, index) => `${CLUSTER_NAME}-etcd-${index + 1}`,
    )
    await run('docker', ['pause', ...names])
    try {
      const { events, stderr } = await eventsOf(['--kind', 'maintenance', '--limit', '1'])
      expect(events).toHaveLength(1)
      expect(stderr).toContain('etcd does not answer')
    } finally {
      await run('docker', ['unpause', ...names])
    }
    await untilHealthy()
  })

  it('is served by the API to whoever is signed in, with its evidence', async () => {
    const { fetchEdge, secrets } = cluster()
    expect((await fetchEdge('/api/v1/events', { key: null })).status).toBe(401)
    const signedIn = await fetchEdge('/api/v1/auth/sign-in', {
      method: 'POST',
      key: null,
      body: secrets.consoleAdmin,
    })
    const cookie = (signedIn.headers['set-cookie'] ?? []).map((one) => one.split(';')[0]).join('; ')
    const response = await fetchEdge('/api/v1/events?kind=maintenance&limit=2', {
      key: null,
      headers: { cookie },
    })
    const page = response.json() as EventsPage
    expect(page.incomplete).toEqual([])
    expect(page.has_older).toBe(true)
    expect(page.items.map(({ kind }) => kind)).toEqual(['maintenance.updated', 'maintenance.off'])
    expect(page.items[1]?.evidence).toHaveProperty('before')
  })
})

describe('the archive', () => {
  it('can be added to by the controllers’ role, and changed by nobody who connects', async () => {
    const { spec, secrets, ca } = cluster()
    const { members } = await statusOf()
    const address = members.find(({ role }) => role === 'primary')?.address ?? ''
    const { certificate = '', key = '' } = secrets.certificates['cli'] ?? {}
    expect(addressesOf(spec, 'member')).toContain(address)
    const connection = await connectPostgres({
      endpoint: { name: address, address, port: PORTS.postgres },
      login: {
        user: ROLES.controller.name,
        password: secrets.roles.controller.password,
        database: 'neurondb',
      },
      tls: { ca, cert: certificate, key },
      applicationName: 'events test',
      connectTimeoutMs: 5000,
    })
    try {
      for (const statement of [
        `DELETE FROM neuronha.events`,
        `UPDATE neuronha.events SET summary = ''`,
        `TRUNCATE neuronha.events`,
        `INSERT INTO neuronha.events SELECT * FROM neuronha.events`,
      ])
        await expect(connection.simple(statement)).rejects.toMatchObject({ code: '42501' })
      const [before] = await connection.many<{ id: string; summary: string }>(
        'SELECT id, summary FROM neuronha.events ORDER BY id LIMIT 1',
      )
      const forged = JSON.stringify([
        {
          id: before?.id,
          at: new Date(),
          source: 's',
          actor: 'a',
          kind: 'k',
          severity: 'info',
          summary: 'forged',
          evidence: {},
        },
      ])
      await connection.many('SELECT neuronha.archive_events($1::jsonb)', [forged])
      const after = await connection.many('SELECT id, summary FROM neuronha.events WHERE id = $1', [
        before?.id,
      ])
      expect(after).toEqual([before])
    } finally {
      await connection.close()
    }
  })
})
