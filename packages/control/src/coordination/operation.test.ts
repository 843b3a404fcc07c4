import { PlatformError } from '@neuronha/core/errors.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { ownProcess } from '@neuronha/runtime/process-identity.ts'
import { FakeKv } from '../planned/testing.ts'
import { parseOperation, takeOperation, takeOperationIfAny } from './operation.ts'

const KEY = '/neuronha/demo/operation'
const ana = { by: 'ana@host-1', what: './neuronha up' }
const runner = { by: 'demo-drill-1', what: 'scheduled drills' }

const away = (): Promise<never> =>
  Promise.reject(new PlatformError('UNAVAILABLE', 'No etcd member answered'))
const never = (): Promise<never> => new Promise(() => undefined)

/** Counts what is asked for a lease. */
class LeasedKv extends FakeKv {
  renewals = 0
  override keepAlive(): Promise<number> {
    this.renewals += 1
    return super.keepAlive()
  }
}

beforeEach(() => vi.useFakeTimers({ now: Date.parse('2026-11-23T03:00:00Z') }))
afterEach(() => vi.useRealTimers())

describe('taking the cluster', () => {
  it('of two at once the second is told who the first is, and may when that one has ended', async () => {
    const kv = new FakeKv()
    const [first, second] = await Promise.allSettled([
      takeOperation(kv, 'demo', ana),
      takeOperation(kv, 'demo', runner),
    ])
    expect(second).toMatchObject({
      status: 'rejected',
      reason: {
        code: 'CLUSTER_BUSY',
        message:
          'cluster demo is being changed by `./neuronha up` (ana@host-1, since 2026-11-23T03:00:00.000Z)',
        details: { holder: ana },
      },
    })
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(ana)
    if (first.status === 'fulfilled') await first.value.release()
    await takeOperation(kv, 'demo', runner)
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(runner)
  })

  it('lets in what its holder runs, on whose end it goes on; an operation that is over lets in nobody', async () => {
    const kv = new FakeKv()
    const held = await takeOperation(kv, 'demo', ana)
    const lent = await takeOperation(kv, 'demo', runner, held.id)
    await lent.release()
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(ana)
    await held.release()
    await takeOperation(kv, 'demo', ana)
    await expect(takeOperation(kv, 'demo', runner, held.id)).rejects.toMatchObject({
      code: 'CLUSTER_BUSY',
    })
  })

  it('keeps its lease alive for as long as it is held, though a renewal fails', async () => {
    const kv = new LeasedKv()
    const held = await takeOperation(kv, 'demo', ana)
    await vi.advanceTimersByTimeAsync(60_000)
    expect(kv.renewals).toBeGreaterThanOrEqual(60 / 15)
    kv.keepAlive = away
    await vi.advanceTimersByTimeAsync(6000)
    await held.release()
    expect([kv.entries.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('does not throw when it cannot be given back: it then ends with its lease', async () => {
    const kv = new FakeKv()
    const held = await takeOperation(kv, 'demo', ana)
    kv.revokeLease = away
    await expect(held.release()).resolves.toBeUndefined()
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is not lost on itself: an answer that was lost, and the try sent again, is no other holder', async () => {
    const kv = new FakeKv()
    const once = kv.transaction.bind(kv)
    kv.transaction = async (...asked) => {
      await once(...asked)
      return once(...asked)
    }
    await takeOperation(kv, 'demo', ana)
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(ana)
  })

  it('takes over at once from one that was killed on this machine, and from nobody who may still run', async () => {
    const kv = new FakeKv()
    const own = ownProcess()
    const killed = { ...own, startTicks: '1' }
    const left = async (process: unknown): Promise<void> => {
      const since = new Date().toISOString()
      await kv.put(KEY, JSON.stringify({ ...ana, since, process }), 'its lease')
    }
    for (const process of [own, { ...killed, bootId: 'another machine' }, undefined]) {
      await left(process)
      await expect(takeOperation(kv, 'demo', runner)).rejects.toMatchObject({
        code: 'CLUSTER_BUSY',
      })
      expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(ana)
    }
    await left(killed)
    const [first, second] = await Promise.allSettled([
      takeOperation(kv, 'demo', runner),
      takeOperation(kv, 'demo', ana),
    ])
    expect([first.status, second.status]).toEqual(['fulfilled', 'rejected'])
    await kv.revokeLease('its lease')
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(runner)
  })

  it('respects a holder that it cannot read', async () => {
    const kv = new FakeKv()
    await kv.put(KEY, '{"of": "a newer version"}')
    await expect(takeOperation(kv, 'demo', ana)).rejects.toMatchObject({
      code: 'CLUSTER_BUSY',
      message: expect.stringContaining('unknown') as unknown,
    })
  })
})

describe('taking the cluster, where there may be no etcd', () => {
  it('is refused all the same while somebody holds it', async () => {
    const kv = new FakeKv()
    await takeOperation(kv, 'demo', runner)
    await expect(takeOperationIfAny(kv, 'demo', ana)).rejects.toMatchObject({
      code: 'CLUSTER_BUSY',
      details: { holder: runner },
    })
  })

  it('is refused although etcd goes away when it is asked for the holder’s name', async () => {
    const kv = new FakeKv()
    await takeOperation(kv, 'demo', runner)
    kv.get = away
    await expect(takeOperationIfAny(kv, 'demo', ana)).rejects.toMatchObject({
      code: 'CLUSTER_BUSY',
    })
  })

  it('holds it like any other where there is one, and leaves no timer behind', async () => {
    const kv = new FakeKv()
    const held = await takeOperationIfAny(kv, 'demo', ana)
    expect(parseOperation(kv.entries.get(KEY)?.value)).toMatchObject(ana)
    await held.release()
    expect([kv.entries.size, vi.getTimerCount()]).toEqual([0, 0])
  })

  it('holds nothing, at once, when etcd says no', async () => {
    const kv = new FakeKv()
    kv.grantLease = away
    const held = await takeOperationIfAny(kv, 'demo', ana)
    await expect(held.release()).resolves.toBeUndefined()
    expect(kv.entries.size).toBe(0)
  })

  it('holds nothing within two seconds when etcd says nothing', async () => {
    const kv = new FakeKv()
    kv.grantLease = never
    let held: unknown
    void takeOperationIfAny(kv, 'demo', ana).then((empty) => (held = empty))
    await vi.advanceTimersByTimeAsync(1900)
    expect(held).toBeUndefined()
    await vi.advanceTimersByTimeAsync(100)
    expect(held).toBeDefined()
  })

  it('gives back what came about after its patience had ended', async () => {
    const kv = new FakeKv()
    const grant = kv.grantLease.bind(kv)
    kv.grantLease = async () => {
      await new Promise((resolve) => setTimeout(resolve, 5000))
      return grant()
    }
    const taking = takeOperationIfAny(kv, 'demo', ana)
    await vi.advanceTimersByTimeAsync(2000)
    const held = await taking
    await vi.advanceTimersByTimeAsync(3000)
    expect(kv.entries.size).toBe(1)
    await held.release()
    expect([kv.entries.size, vi.getTimerCount()]).toEqual([0, 0])
  })
})
