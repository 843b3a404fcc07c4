import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { ActiveLease } from './active-lease.ts'
import { base64, type EtcdClient } from '../etcd/etcd-client.ts'

interface FakeBody {
  readonly ID?: string
  readonly TTL?: string
  readonly success?: readonly { readonly request_put: { lease: string; value: string } }[]
}

/** One key, leases with a clock, and a switch that cuts it off; enough of etcd for an election. */
class FakeEtcd implements EtcdClient {
  reachable = true
  holder: { lease: string; value: string } | undefined
  readonly #leases = new Map<string, { ttlMs: number; endsAt: number }>()
  #next = 1

  #expire(): void {
    for (const [id, { endsAt }] of this.#leases) if (Date.now() >= endsAt) this.#leases.delete(id)
    if (this.holder !== undefined && !this.#leases.has(this.holder.lease)) this.holder = undefined
  }

  call: EtcdClient['call'] = (path, body, answer) => {
    if (!this.reachable) return Promise.reject(new PlatformError('UNAVAILABLE', 'cut off'))
    this.#expire()
    return Promise.resolve(answer.parse(this.#answer(path, body as FakeBody)))
  }

  #answer(path: string, body: FakeBody): unknown {
    const id = body.ID ?? ''
    switch (path) {
      case 'lease/grant': {
        const ttlMs = Number(body.TTL) * 1000
        const lease = String(this.#next++)
        this.#leases.set(lease, { ttlMs, endsAt: Date.now() + ttlMs })
        return { ID: lease }
      }
      case 'lease/keepalive': {
        const lease = this.#leases.get(id)
        if (lease === undefined) return { result: { ID: id } }
        lease.endsAt = Date.now() + lease.ttlMs
        return { result: { ID: id, TTL: String(lease.ttlMs / 1000) } }
      }
      case 'lease/revoke':
        this.#leases.delete(id)
        return {}
      case 'kv/range':
        return this.holder === undefined ? {} : { kvs: [{ value: this.holder.value }] }
      default: {
        const succeeded = this.holder === undefined
        const put = body.success?.[0]
        if (succeeded) this.holder = put?.request_put
        return { succeeded, header: { revision: '7' } }
      }
    }
  }
}

const silent = { info: () => undefined, warn: () => undefined }
const aLease = (etcd: EtcdClient, replica: string, now = () => Date.now()) =>
  new ActiveLease({
    etcd,
    key: '/demo/controller/active',
    replica,
    leaseSeconds: 5,
    logger: silent,
    now,
  })

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('exactly one of two becomes active, and both know which', async () => {
  const etcd = new FakeEtcd()
  const [first, second] = [aLease(etcd, 'one'), aLease(etcd, 'two')]
  first.start()
  await vi.advanceTimersByTimeAsync(10)
  second.start()
  await vi.advanceTimersByTimeAsync(30_000)
  expect([first.isActive(), second.isActive()]).toEqual([true, false])
  expect(etcd.holder?.value).toBe(base64('one'))
  expect([first.lastHolder(), second.lastHolder()]).toEqual(['one', 'one'])
})

test('a frozen holder knows by its own clock that it lost, before it does anything', async () => {
  const etcd = new FakeEtcd()
  let frozenForMs = 0
  const first = aLease(etcd, 'one', () => Date.now() + frozenForMs)
  first.start()
  await vi.advanceTimersByTimeAsync(10)
  expect(first.isActive()).toBe(true)
  frozenForMs = 4600
  expect(first.isActive()).toBe(true)
  frozenForMs = 4800
  expect(first.isActive()).toBe(false)
})

test('gives up before etcd ends its lease when no renewal comes through', async () => {
  const etcd = new FakeEtcd()
  const lease = aLease(etcd, 'one')
  lease.start()
  await vi.advanceTimersByTimeAsync(10)
  etcd.reachable = false
  await vi.advanceTimersByTimeAsync(4600)
  expect(lease.isActive()).toBe(true)
  await vi.advanceTimersByTimeAsync(200)
  expect(lease.isActive()).toBe(false)
})

test('the other one takes over soon after the lease has ended', async () => {
  const etcd = new FakeEtcd()
  let isCut = false
  const road: EtcdClient = {
    call: (path, body, answer) =>
      isCut
        ? Promise.reject(new PlatformError('UNAVAILABLE', 'cut off'))
        : etcd.call(path, body, answer),
  }
  const [first, second] = [aLease(road, 'one'), aLease(etcd, 'two')]
  first.start()
  await vi.advanceTimersByTimeAsync(10)
  second.start()
  await vi.advanceTimersByTimeAsync(2000)
  isCut = true
  await vi.advanceTimersByTimeAsync(5500)
  expect([first.isActive(), second.isActive()]).toEqual([false, true])
})

test('a lease that etcd has ended is lost at the next renewal', async () => {
  const etcd = new FakeEtcd()
  const lease = aLease(etcd, 'one')
  lease.start()
  await vi.advanceTimersByTimeAsync(10)
  await etcd.call('lease/revoke', { ID: etcd.holder?.lease }, z.unknown())
  const other = await etcd.call('lease/grant', { TTL: '60' }, z.object({ ID: z.string() }))
  etcd.holder = { lease: other.ID, value: base64('somebody else') }
  await vi.advanceTimersByTimeAsync(1100)
  expect([lease.isActive(), lease.lastHolder()]).toEqual([false, 'somebody else'])
})

test('closing gives the role back, so that the other one need not wait', async () => {
  const etcd = new FakeEtcd()
  const [first, second] = [aLease(etcd, 'one'), aLease(etcd, 'two')]
  first.start()
  await vi.advanceTimersByTimeAsync(10)
  second.start()
  await vi.advanceTimersByTimeAsync(1000)
  await first.close()
  await vi.advanceTimersByTimeAsync(500)
  expect([first.isActive(), second.isActive()]).toEqual([false, true])
})
