import { expect, test } from 'vitest'
import { recordChange, revocation } from './fence-transaction.ts'
import { aRecord, aSnapshot } from './testing.ts'

const transaction = revocation(
  'demo',
  { record: aRecord({ phase: 'confirmed' }), recordModRevision: '300', snapshot: aSnapshot() },
  { createRevision: '42' },
)

test('everything that was decided on is compared once more', () => {
  expect(transaction?.compares).toEqual([
    { key: '/service/demo/leader', value: 'm1' },
    { key: '/service/demo/leader', modRevision: '100' },
    { key: '/service/demo/leader', lease: '7' },
    { key: '/service/demo/members/m1', lease: '7' },
    { key: '/service/demo/sync', modRevision: '120' },
    { key: '/service/demo/config', modRevision: '16' },
    { key: '/neuronha/demo/controller/active', createRevision: '42' },
    { key: '/neuronha/demo/failover/fence', modRevision: '300' },
  ])
})

test('the dead one loses its address before its leadership, and a waiting failover goes with it', () => {
  const [strip, failover, leader, record] = transaction?.operations ?? []
  expect(strip).toEqual({
    put: '/service/demo/members/m1',
    value: '{"state":"running"}',
    lease: '7',
  })
  expect(failover).toEqual({ delete: '/service/demo/failover' })
  expect(leader).toEqual({ delete: '/service/demo/leader' })
  expect(record).toMatchObject({ put: '/neuronha/demo/failover/fence' })
  expect(JSON.stringify(record)).toContain('revoked')
})

test('without the dead member’s own key, /sync or /config there is nothing to compare with', () => {
  const of = (change: Parameters<typeof aSnapshot>[0]) =>
    revocation(
      'demo',
      { record: aRecord(), recordModRevision: '300', snapshot: aSnapshot(change) },
      { createRevision: '42' },
    )
  expect(of({ members: new Map() })).toBeUndefined()
  expect(of({ sync: null })).toBeUndefined()
  expect(of({ config: null })).toBeUndefined()
})

test('a record is written only by the active controller, and only over the one that it read', () => {
  const record = aRecord({ phase: 'intended' })
  expect(recordChange('demo', record, '300', { createRevision: '42' })).toEqual({
    compares: [
      { key: '/neuronha/demo/controller/active', createRevision: '42' },
      { key: '/neuronha/demo/failover/fence', modRevision: '300' },
    ],
    operations: [{ put: '/neuronha/demo/failover/fence', value: JSON.stringify(record) }],
  })
})
