import { patroniKeys } from '@neuronha/core/contracts/coordination.ts'
import { expect, test, vi } from 'vitest'
import { FakeKv } from '../planned/testing.ts'
import type { CoordinationView } from './coordination-view.ts'
import { LEASE_SPARE_MS, type FenceDecision } from './decide-fence.ts'
import { FenceActs } from './fence-acts.ts'
import { aRecord, aSnapshot, aTerm } from './testing.ts'

const NOTHING_WRITTEN = 'nothing is written'

/** A controller whose lease still lasts for so long. */
function aController(spareMs: number, createRevision: string | null = '42') {
  const kv = new FakeKv()
  const { leader } = patroniKeys('demo')
  const { member, leaderModRevision, lease } = aTerm
  kv.entries.set(leader, {
    ...{ key: leader, value: member, lease },
    ...{ createRevision: leaderModRevision, modRevision: leaderModRevision },
  })
  const transaction = vi.spyOn(kv, 'transaction')
  const kill = vi.fn(() => Promise.resolve())
  const acts = new FenceActs({
    cluster: 'demo',
    controller: 'one',
    kv,
    engine: { kill },
    lease: { spareMs: () => spareMs, createRevision: () => createRevision ?? undefined },
    events: { record: () => undefined },
    counts: { fence: () => undefined, failover: () => undefined },
  })
  const view: CoordinationView = {
    snapshot: aSnapshot(),
    record: aRecord({ phase: 'confirmed' }),
    recordModRevision: '300',
    storedTerm: undefined,
    maintenance: null,
    isSwitchoverOpen: false,
    holds: new Map(),
  }
  const carryOut = async (kind: 'kill' | 'revoke' | 'confirm') => {
    await acts.carryOut({ kind } satisfies FenceDecision, view)
    const wrote = transaction.mock.calls.length === 0 ? NOTHING_WRITTEN : 'a transaction was sent'
    return [kill.mock.calls.length, wrote]
  }
  return { carryOut, kv, leader }
}

test('the lease is looked at once more before the engine is asked to kill', async () => {
  expect(await aController(LEASE_SPARE_MS).carryOut('kill')).toEqual([1, NOTHING_WRITTEN])
  expect(await aController(LEASE_SPARE_MS - 1).carryOut('kill')).toEqual([0, NOTHING_WRITTEN])
})

test('so is the lock: a life that has taken it again since is not killed', async () => {
  const { carryOut, kv, leader } = aController(LEASE_SPARE_MS)
  await kv.put(leader, aTerm.member, aTerm.lease)
  expect(await carryOut('kill')).toEqual([0, NOTHING_WRITTEN])
})

test('and before the leadership is taken away', async () => {
  expect(await aController(LEASE_SPARE_MS).carryOut('revoke')).toEqual([
    0,
    'a transaction was sent',
  ])
  expect(await aController(LEASE_SPARE_MS - 1).carryOut('revoke')).toEqual([0, NOTHING_WRITTEN])
})

test('whoever is not the active controller writes nothing', async () => {
  for (const kind of ['confirm', 'revoke'] as const) {
    expect(await aController(LEASE_SPARE_MS).carryOut(kind)).toEqual([0, 'a transaction was sent'])
    expect(await aController(LEASE_SPARE_MS, null).carryOut(kind)).toEqual([0, NOTHING_WRITTEN])
  }
})
