import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { describe, expect, it } from 'vitest'
import { FakeKv } from '../planned/testing.ts'
import { createBackupSchedule } from './backup-schedule.ts'
import { FakeRunner } from './testing.ts'

/** Less often than the process does, which changes nothing here. */
const LOOK_MS = 20_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const KEYS = coordinationKeys('demo')
const RUNNER = 'demo-backup-1'
const NOON = Date.parse('2026-11-28T12:00:00Z')

async function aController() {
  const kv = new FakeKv()
  const runner = new FakeRunner(RUNNER)
  const events: NewEvent[] = []
  const world = { nowMs: NOON, ownRevision: undefined as string | undefined }
  const become = async (name: string): Promise<string | undefined> => {
    await kv.delete(KEYS.active)
    await kv.put(KEYS.active, name)
    return kv.entries.get(KEYS.active)?.createRevision
  }
  world.ownRevision = await become('one')
  const backups = createBackupSchedule({
    cluster: 'demo',
    backups: { full: 'daily', incremental: 'hourly', check: 'hourly', runner: RUNNER },
    kv,
    engine: runner,
    lease: { spareMs: () => 4000, createRevision: () => world.ownRevision },
    events: { record: (event) => void events.push(event) },
    logger: { warn: () => undefined },
    now: () => world.nowMs,
    primaryTimeline: () => 1,
    archivedAgainMs: () => null,
  })
  const valueOf = (key: string): unknown => JSON.parse(kv.entries.get(key)?.value ?? 'null')
  const lookUntil = async (untilMs: number): Promise<void> => {
    while (world.nowMs < untilMs) {
      world.nowMs += LOOK_MS
      await backups.turn()
    }
  }
  return {
    ...{ kv, runner, events, world, lookUntil, become },
    task: () => (valueOf(KEYS.backupRequest) as { task: string } | null)?.task,
    /** The runner does what it is asked as soon as it is started. */
    obey: (): string[] => {
      const done: string[] = []
      runner.onStart = () => {
        done.push((valueOf(KEYS.backupRequest) as { task: string }).task)
        kv.entries.delete(KEYS.backupRequest)
      }
      return done
    },
  }
}

describe('the schedules of backups', () => {
  it('begin with a full backup, go on with incremental ones, and check in between', async () => {
    const one = await aController()
    const done = one.obey()
    await one.lookUntil(NOON + 3 * HOUR)
    expect(done[0]).toBe('full')
    expect(done.filter((task) => task === 'incremental')).toHaveLength(3)
    expect(done.filter((task) => task === 'check')).toHaveLength(3)
    await one.lookUntil(NOON + 27 * HOUR)
    expect(done.filter((task) => task === 'full')).toHaveLength(2)
  })

  it('are heeded once, whichever controller is the active one', async () => {
    const one = await aController()
    const done = one.obey()
    await one.lookUntil(NOON + 20 * MINUTE)
    // The other one takes over, with nothing in its memory.
    one.world.ownRevision = undefined
    await one.lookUntil(NOON + 21 * MINUTE)
    one.world.ownRevision = await one.become('two')
    await one.lookUntil(NOON + 70 * MINUTE)
    expect(done.filter((task) => task === 'full')).toHaveLength(1)
  })

  it('are not written by a controller that somebody has taken over from', async () => {
    const one = await aController()
    await one.become('two')
    await one.lookUntil(NOON + 10 * MINUTE)
    expect([one.task(), one.runner.acts]).toEqual([undefined, []])
  })

  it('start the runner at once for what is asked for next', async () => {
    const one = await aController()
    const done = one.obey()
    await one.lookUntil(NOON + 2 * MINUTE)
    expect(done).toEqual(['full'])
    const next = { id: 'r2', task: 'verify', by: 'ana@host-1', requestedAt: '2026-11-28T12:01:00Z' }
    await one.kv.put(KEYS.backupRequest, JSON.stringify(next))
    await one.lookUntil(NOON + 2 * MINUTE + LOOK_MS)
    expect(done).toEqual(['full', 'verify'])
  })

  it('start a runner again that died, and give the request up in the end', async () => {
    const one = await aController()
    await one.lookUntil(NOON + 10 * MINUTE)
    expect(one.runner.acts).toEqual(Array.from({ length: 3 }, () => `start ${RUNNER}`))
    expect(one.events.map(({ kind, summary }) => [kind, summary])).toEqual([
      ['backup.failed', 'no full backup: their runner died 3 times'],
    ])
    expect(one.task()).toBeUndefined()
  })
})
