import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { takeOperation } from '../coordination/operation.ts'
import { FakeKv } from '../planned/testing.ts'
import { LONGEST_RUN_MS } from './decide-drills.ts'
import { DrillSchedule } from './drill-schedule.ts'
import { FakeRunner } from './testing.ts'

const SECOND = 1000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const KEYS = coordinationKeys('demo')
const RUNNER = 'demo-drill-1'
const MIDNIGHT = Date.parse('2026-11-23T00:00:00Z')
/** `daily` is at 03:17. */
const DUE = Date.parse('2026-11-23T03:17:00Z')

/** A controller that is the active one, at midnight, with drills every day. */
async function aController({ schedule = 'daily' } = {}) {
  const kv = new FakeKv()
  const runner = new FakeRunner(RUNNER)
  const events: NewEvent[] = []
  const warned: string[] = []
  const world = { nowMs: MIDNIGHT, spareMs: 4000, ownRevision: undefined as string | undefined }
  const become = async (name: string): Promise<string | undefined> => {
    await kv.delete(KEYS.active)
    await kv.put(KEYS.active, name)
    return kv.entries.get(KEYS.active)?.createRevision
  }
  world.ownRevision = await become('one')
  const drills = new DrillSchedule({
    cluster: 'demo',
    drills: { schedule, scenarios: ['switchover', 'primary-host-loss'], runner: RUNNER },
    kv,
    engine: runner,
    lease: { spareMs: () => world.spareMs, createRevision: () => world.ownRevision },
    events: { record: (event) => void events.push(event) },
    logger: { warn: (_: unknown, text: string) => void warned.push(text) } as never,
    now: () => world.nowMs,
  })
  const valueOf = (key: string): unknown => JSON.parse(kv.entries.get(key)?.value ?? 'null')
  return {
    ...{ kv, runner, events, warned, world, drills },
    /** Somebody else becomes the active controller. */
    loseTo: (name: string) => become(name),
    lookAt: async (nowMs: number) => {
      world.nowMs = nowMs
      await drills.turn()
    },
    /** A look every five seconds, as the process does. */
    lookUntil: async (untilMs: number) => {
      while (world.nowMs < untilMs) {
        world.nowMs += 5 * SECOND
        await drills.turn()
      }
    },
    request: () => valueOf(KEYS.drillRequest) as { id: string; scenarios: string[] } | null,
    handledUntil: () => (valueOf(KEYS.drillSchedule) as { handledUntil: string }).handledUntil,
    kinds: () => events.map(({ kind }) => kind),
  }
}

describe('the schedule of drills', () => {
  it('only remembers the time when it is looked at first', async () => {
    const one = await aController()
    await one.lookAt(DUE + MINUTE)
    expect(one.handledUntil()).toBe('2026-11-23T03:18:00.000Z')
    expect([one.request(), one.events, one.runner.acts]).toEqual([null, [], []])
  })

  it('makes one request when drills are due, and then starts their runner once', async () => {
    const one = await aController()
    one.runner.onStart = () => (one.runner.startedMs = one.world.nowMs)
    await one.lookAt(MIDNIGHT)
    await one.lookAt(DUE - 1)
    expect(one.request()).toBeNull()
    await one.lookAt(DUE)
    expect(one.request()).toMatchObject({
      scenarios: ['switchover', 'primary-host-loss'],
      done: [],
      by: 'schedule',
      requestedAt: '2026-11-23T03:17:00.000Z',
    })
    expect(one.events).toEqual([
      {
        kind: 'drill.due',
        summary: 'drills are due: switchover, primary-host-loss',
        evidence: { schedule: 'daily', dueAt: '2026-11-23T03:17:00.000Z' },
      },
    ])
    const { id } = one.request() ?? {}
    await one.lookUntil(DUE + 10 * MINUTE)
    expect(one.request()?.id).toBe(id)
    expect(one.runner.acts).toEqual([`start ${RUNNER}`])
    expect(one.kinds()).toEqual(['drill.due'])
  })

  it('is done for the day when the runner has taken the request away', async () => {
    const one = await aController()
    one.runner.onStart = () => void one.kv.delete(KEYS.drillRequest)
    await one.lookAt(MIDNIGHT)
    one.world.nowMs = DUE - MINUTE
    await one.lookUntil(DUE + HOUR)
    expect([one.runner.acts.length, one.kinds()]).toEqual([1, ['drill.due']])
    one.world.nowMs = DUE + 24 * HOUR - MINUTE
    await one.lookUntil(DUE + 24 * HOUR + MINUTE)
    expect(one.runner.acts).toHaveLength(2)
  })

  it('waits for whoever changes the cluster, and says who it was when that takes too long', async () => {
    const one = await aController()
    const held = await takeOperation(one.kv, 'demo', { by: 'ana@host-1', what: './neuronha up' })
    await one.lookAt(MIDNIGHT)
    await one.lookAt(DUE)
    await one.lookAt(DUE + HOUR)
    expect([one.request(), one.events]).toEqual([null, []])
    await one.lookAt(DUE + HOUR + 1)
    expect(one.events).toEqual([
      {
        kind: 'drill.skipped',
        severity: 'warning',
        summary:
          'drills do not run (switchover, primary-host-loss): ./neuronha up (ana@host-1) took too long',
      },
    ])
    await held.release()
    await one.lookAt(DUE + 2 * HOUR)
    expect([one.request(), one.events.length, one.runner.acts]).toEqual([null, 1, []])
  })

  it('lets the drills of a night pass in maintenance, and tells it once', async () => {
    const one = await aController()
    await one.kv.put(KEYS.maintenance, '{}')
    await one.lookAt(MIDNIGHT)
    one.world.nowMs = DUE - MINUTE
    await one.lookUntil(DUE + 5 * MINUTE)
    expect(one.events.map(({ summary }) => summary)).toEqual([
      'drills do not run (switchover, primary-host-loss): maintenance is on',
    ])
    expect([one.request(), one.runner.acts]).toEqual([null, []])
  })

  it('begins anew from now when it cannot read what it remembers', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillSchedule, '{"until": "yesterday"')
    await one.lookAt(DUE + MINUTE)
    expect(one.handledUntil()).toBe('2026-11-23T03:18:00.000Z')
    expect(one.request()).toBeNull()
  })

  it('does not ask the engine while nothing is due', async () => {
    const one = await aController()
    one.runner.onAsk = () => Promise.reject(new PlatformError('UNAVAILABLE', 'asked'))
    await one.lookUntil(DUE - MINUTE)
    expect(one.warned).toEqual([])
  })
})

describe('a controller that is not the active one', () => {
  it('looks at nothing while it has no lease', async () => {
    const one = await aController()
    one.world.ownRevision = undefined
    await one.kv.put(KEYS.drillRequest, 'of somebody')
    const before = [...one.kv.entries]
    await one.lookAt(DUE)
    expect([...one.kv.entries]).toEqual(before)
    expect([one.events, one.runner.acts]).toEqual([[], []])
  })

  it.each<readonly [string, (kv: FakeKv) => Promise<void>]>([
    ['it looks for the first time', () => Promise.resolve()],
    ['drills are due', (kv) => heedUntil(kv, MIDNIGHT)],
    ['drills were missed', (kv) => heedUntil(kv, MIDNIGHT - 24 * HOUR)],
    [
      'drills are to be given up',
      async (kv) => {
        await kv.put(KEYS.maintenance, '{}')
        await kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
      },
    ],
  ])('and does not know it writes and tells nothing when %s', async (_what, prepare) => {
    const one = await aController()
    await prepare(one.kv)
    await one.loseTo('two')
    const before = [...one.kv.entries]
    await one.lookAt(DUE)
    expect([...one.kv.entries]).toEqual(before)
    expect([one.events, one.runner.acts]).toEqual([[], []])
  })

  it('starts and stops nothing when its lease may end meanwhile', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    one.world.spareMs = 500
    await one.lookUntil(MIDNIGHT + 5 * MINUTE)
    one.runner.startedMs = one.world.nowMs - LONGEST_RUN_MS
    await one.lookUntil(MIDNIGHT + 6 * MINUTE)
    expect([one.runner.acts, one.events]).toEqual([[], []])
  })

  it('makes no request beside one that came between its look and its write', async () => {
    const one = await aController()
    await heedUntil(one.kv, MIDNIGHT)
    one.runner.onAsk = () => one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    await one.lookAt(DUE)
    expect(one.request()).toEqual(anOldRequest)
    expect([one.handledUntil(), one.events]).toEqual(['2026-11-23T00:00:00.000Z', []])
  })
})

describe('the runner', () => {
  it('that dies three times over a request is not started a fourth time: it is given up, with an event', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    const startsUntil = async (untilMs: number): Promise<number> => {
      await one.lookUntil(untilMs)
      return one.runner.acts.length
    }
    const first = MIDNIGHT + 5 * SECOND
    expect(await startsUntil(first)).toBe(1)
    expect(await startsUntil(first + 25 * SECOND)).toBe(1)
    expect(await startsUntil(first + 30 * SECOND)).toBe(2)
    expect(await startsUntil(first + 145 * SECOND)).toBe(2)
    expect(await startsUntil(first + 150 * SECOND)).toBe(3)
    await one.lookUntil(first + HOUR)
    expect(one.runner.acts).toHaveLength(3)
    expect(one.request()).toBeNull()
    expect(one.events).toEqual([
      {
        kind: 'drill.skipped',
        severity: 'warning',
        summary: 'drills do not run (etcd-down): their runner died 3 times',
      },
    ])
  })

  it('has three tries again for the next request', async () => {
    const one = await aController()
    for (let n = 1; n <= 2; n += 1) {
      await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
      await one.lookUntil(MIDNIGHT + n * HOUR)
    }
    expect([one.runner.acts.length, one.kinds()]).toEqual([6, ['drill.skipped', 'drill.skipped']])
  })

  it('that does not start counts as one that died', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    one.runner.onStart = () => {
      throw new PlatformError('UPSTREAM_FAILED', 'no space left on device')
    }
    await one.lookUntil(MIDNIGHT + HOUR)
    expect(one.runner.acts).toHaveLength(3)
    expect([one.request(), one.kinds()]).toEqual([null, ['drill.skipped']])
  })

  it('is started for what a drill left to mend, ever more seldom and without an end', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillUnfinished, '{"drill": "primary-frozen"}')
    const startedMs: number[] = []
    one.runner.onStart = () => startedMs.push(one.world.nowMs)
    await one.lookUntil(MIDNIGHT + HOUR)
    const pauses = startedMs.slice(1).map((at, index) => at - (startedMs[index] ?? 0))
    expect(pauses.slice(0, 4)).toEqual([30, 120, 600, 600].map((seconds) => seconds * SECOND))
    expect(one.kv.entries.has(KEYS.drillUnfinished)).toBe(true)
    expect(one.events).toEqual([])
    await one.kv.delete(KEYS.drillUnfinished)
    await one.lookUntil(MIDNIGHT + 2 * HOUR)
    expect(startedMs).toHaveLength(pauses.length + 1)
  })

  it('that died with the cluster in its hands is started as soon as its hold has ended, and not before', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    one.runner.onStart = () => (one.runner.startedMs = one.world.nowMs)
    await one.lookAt(MIDNIGHT)
    const held = await takeOperation(one.kv, 'demo', { by: RUNNER, what: 'scheduled drills' })
    await one.lookUntil(MIDNIGHT + 2 * MINUTE)
    one.runner.startedMs = null
    await one.lookUntil(MIDNIGHT + 2 * MINUTE + 15 * SECOND)
    expect(one.runner.acts).toHaveLength(1)
    await held.release()
    await one.lookUntil(MIDNIGHT + 2 * MINUTE + 20 * SECOND)
    expect(one.runner.acts).toHaveLength(2)
  })

  it('still mends what it left when the request has been given up', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    await one.kv.put(KEYS.drillUnfinished, '{"drill": "etcd-down"}')
    await one.lookUntil(MIDNIGHT + HOUR)
    expect(one.request()).toBeNull()
    expect(one.kinds()).toEqual(['drill.skipped'])
    expect(one.runner.acts.length).toBeGreaterThan(3)
  })

  it('is started over a request that nobody can read: it takes that away', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, 'run them all')
    await one.lookAt(MIDNIGHT)
    expect(one.runner.acts).toEqual([`start ${RUNNER}`])
  })

  it('is asked to end, with time to mend, when it has run for two hours', async () => {
    const one = await aController()
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    one.runner.startedMs = MIDNIGHT
    await one.lookAt(MIDNIGHT + LONGEST_RUN_MS - 1)
    expect(one.runner.acts).toEqual([])
    await one.lookAt(MIDNIGHT + LONGEST_RUN_MS)
    expect(one.runner.acts).toEqual([`stop ${RUNNER} 90`])
    expect(one.events).toMatchObject([
      {
        kind: 'drill.stopped',
        severity: 'warning',
        target: RUNNER,
        summary: 'the drills are stopped: it has run for 120 min',
      },
    ])
  })

  it('that is not there gives the request up', async () => {
    const one = await aController()
    one.runner.isThere = false
    await one.kv.put(KEYS.drillRequest, JSON.stringify(anOldRequest))
    await one.lookAt(MIDNIGHT)
    expect(one.request()).toBeNull()
    expect(one.events[0]?.summary).toBe(
      'drills do not run (etcd-down): there is no container for them',
    )
  })
})

describe('trouble', () => {
  it('is told once for as long as it is the same, and changes nothing', async () => {
    const one = await aController()
    const read = one.kv.read.bind(one.kv)
    one.kv.read = () => Promise.reject(new PlatformError('UNAVAILABLE', 'No etcd member answered'))
    await one.lookUntil(MIDNIGHT + MINUTE)
    expect(one.warned).toEqual(['the schedule of drills cannot be heeded'])
    one.kv.read = read
    await one.lookUntil(MIDNIGHT + 2 * MINUTE)
    one.kv.read = () => Promise.reject(new PlatformError('UNAVAILABLE', 'No etcd member answered'))
    await one.lookUntil(MIDNIGHT + 3 * MINUTE)
    expect(one.warned).toHaveLength(2)
  })

  it('of the engine leaves drills that are due for the next look', async () => {
    const one = await aController()
    await one.lookAt(MIDNIGHT)
    one.runner.onAsk = () => Promise.reject(new PlatformError('UNAVAILABLE', 'no engine'))
    await one.lookAt(DUE)
    expect([one.request(), one.events, one.runner.acts]).toEqual([null, [], []])
    one.runner.onAsk = () => Promise.resolve()
    await one.lookAt(DUE + 5 * SECOND)
    expect(one.kinds()).toEqual(['drill.due'])
  })
})

describe('the process', () => {
  afterEach(() => vi.useRealTimers())

  it('looks every five seconds until it is closed', async () => {
    vi.useFakeTimers()
    const one = await aController()
    let looks = 0
    const read = one.kv.read.bind(one.kv)
    one.kv.read = (ranges) => {
      looks += 1
      return read(ranges)
    }
    one.drills.start()
    await vi.advanceTimersByTimeAsync(60_000)
    expect(looks).toBe(12)
    await one.drills.close()
    await vi.advanceTimersByTimeAsync(60_000)
    expect([looks, vi.getTimerCount()]).toEqual([12, 0])
  })

  it('is closed when the look that goes on has ended, and looks no more', async () => {
    vi.useFakeTimers()
    const one = await aController()
    await heedUntil(one.kv, MIDNIGHT)
    one.world.nowMs = DUE
    one.runner.onAsk = () => new Promise((resolve) => setTimeout(resolve, 1000))
    one.drills.start()
    await vi.advanceTimersByTimeAsync(5500)
    let isClosed = false
    void one.drills.close().then(() => (isClosed = true))
    await vi.advanceTimersByTimeAsync(400)
    expect([isClosed, one.request()]).toEqual([false, null])
    await vi.advanceTimersByTimeAsync(100)
    expect([isClosed, one.request() === null]).toEqual([true, false])
    await vi.advanceTimersByTimeAsync(60_000)
    expect([one.runner.acts, vi.getTimerCount()]).toEqual([[], 0])
  })
})

const anOldRequest = {
  id: 'r1',
  scenarios: ['etcd-down'],
  done: [],
  by: 'ana@host-1',
  requestedAt: '2026-11-22T23:59:00.000Z',
}

const heedUntil = (kv: FakeKv, untilMs: number): Promise<void> =>
  kv.put(KEYS.drillSchedule, JSON.stringify({ handledUntil: new Date(untilMs).toISOString() }))
