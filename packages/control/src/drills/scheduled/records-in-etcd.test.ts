import { PlatformError } from '@neuronha/core/errors.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { FakeKv } from '../../planned/testing.ts'
import type { Finaliser } from '../finaliser.ts'
import { aPassedResult } from '../testing.ts'
import { createEtcdRecords } from './records-in-etcd.ts'

const KEY = '/neuronha/demo/drills/unfinished'

const aRecord: Finaliser = {
  drill: 'primary-frozen',
  run: 'primary-frozen-0123abcd',
  startedAt: '2026-11-23T03:17:00.000Z',
  heal: [
    { kind: 'unpause', container: 'demo-member-1' },
    { kind: 'start', container: 'demo-member-1' },
  ],
  workDir: '/tmp/drills/.run-x',
  sessions: ['s-1'],
}

const PASSED = aPassedResult()

const away = (): Promise<never> =>
  Promise.reject(new PlatformError('UNAVAILABLE', 'No etcd member answered'))

function records(kv: FakeKv, keepResult: () => Promise<void> = () => Promise.resolve()) {
  const errors: unknown[] = []
  const logger = { error: (fields: unknown) => void errors.push(fields) } as never
  return {
    errors,
    ...createEtcdRecords({ kv, cluster: 'demo', database: { keepResult }, logger }),
  }
}

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

describe('what a drill has to mend', () => {
  it('is found by whoever comes next, and gone when it is mended', async () => {
    const kv = new FakeKv()
    expect(await records(kv).loadUnfinished()).toBeUndefined()
    await records(kv).saveUnfinished(aRecord)
    expect(await records(kv).loadUnfinished()).toEqual(aRecord)
    expect(kv.entries.get(KEY)?.lease).toBe('0')
    await records(kv).clearUnfinished()
    expect(kv.entries.size).toBe(0)
  })

  it.each(['{', '{"drill": "x"}', JSON.stringify({ ...aRecord, heal: [{ kind: 'reboot' }] })])(
    'is not taken for nothing when it cannot be read: %s',
    async (value) => {
      const kv = new FakeKv()
      await kv.put(KEY, value)
      await expect(records(kv).loadUnfinished()).rejects.toMatchObject({
        code: 'INTERNAL',
        message: `${KEY} in etcd is not readable`,
        hint: expect.stringContaining('neuronha status') as unknown,
      })
      expect(kv.entries.has(KEY)).toBe(true)
    },
  )

  it('is written as soon as etcd is back, which the drill itself may have taken away', async () => {
    const kv = new FakeKv()
    const put = kv.put.bind(kv)
    kv.put = away
    const saving = records(kv).saveUnfinished(aRecord)
    await vi.advanceTimersByTimeAsync(40_000)
    expect(kv.entries.size).toBe(0)
    kv.put = put
    await vi.advanceTimersByTimeAsync(1000)
    await saving
    expect(await records(kv).loadUnfinished()).toEqual(aRecord)
  })

  it('fails when etcd stays away: what is not written down must not be broken', async () => {
    const kv = new FakeKv()
    Object.assign(kv, { get: away, put: away, delete: away })
    const { loadUnfinished, saveUnfinished, clearUnfinished } = records(kv)
    const failing = Promise.allSettled([
      loadUnfinished(),
      saveUnfinished(aRecord),
      clearUnfinished(),
    ])
    await vi.advanceTimersByTimeAsync(62_000)
    for (const settled of await failing)
      expect(settled).toMatchObject({ status: 'rejected', reason: { code: 'UNAVAILABLE' } })
  })
})

describe('the result of a drill', () => {
  it('is kept in the database', async () => {
    const kept: unknown[] = []
    const { keepResult, errors } = records(new FakeKv(), (...args: unknown[]) => {
      kept.push(...args)
      return Promise.resolve()
    })
    expect(await keepResult(new Date(), PASSED)).toBe(PASSED)
    expect([kept, errors]).toEqual([[PASSED], []])
  })

  it('is in the log, and the drill’s verdict as it was, when the database does not take it', async () => {
    const { keepResult, errors } = records(new FakeKv(), () =>
      Promise.reject(new PlatformError('DATABASE_UNAVAILABLE', 'no member is primary')),
    )
    expect(await keepResult(new Date(), PASSED)).toBe(PASSED)
    expect(errors).toMatchObject([{ result: PASSED, err: { code: 'DATABASE_UNAVAILABLE' } }])
  })
})
