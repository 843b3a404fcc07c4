import type {
  RestoreTestRequest,
  RestoreTestState,
  TableMarks,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys, type NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { describe, expect, it } from 'vitest'
import { FakeKv } from '../planned/testing.ts'
import type { RepositoryContents } from './pgbackrest.ts'
import { aBackup, FakeCopy } from './testing.ts'
import { testRestore } from './test-restore.ts'

const KEYS = coordinationKeys('demo')

const aRequest: RestoreTestRequest = {
  id: 'r1',
  by: 'ana@host-1',
  requestedAt: '2026-11-28T20:00:00.000Z',
  target: 'neuronha-0b5e6f7a-0000-4000-8000-000000000000',
  ledger: { from: 11, to: 40 },
  tables: { 'shop.orders': { rows: 7, hash: '42' } },
}

const aRepository: RepositoryContents = {
  wal_from: '000000010000000000000001',
  wal_to: '000000010000000000000009',
  gaps: [],
  backups: [aBackup('20261128-185901F')],
}

/** What the copy answers when it has `ledger` and these tables. */
const holding = (ledger = '30 40', tables: TableMarks = aRequest.tables) => ({
  'neuronha.ledger': ledger,
  table_marks: JSON.stringify(tables),
})

async function aTest(change: (copy: FakeCopy) => void = () => undefined, request = true) {
  const kv = new FakeKv()
  const copy = new FakeCopy()
  copy.answers = holding()
  change(copy)
  const events: NewEvent[] = []
  if (request) await kv.put(KEYS.restoreTestRequest, JSON.stringify(aRequest))
  const stop = new AbortController()
  const run = () =>
    testRestore({
      ...{ kv, copy, cluster: 'demo', signal: stop.signal },
      repositories: [{ name: 'repo1', place: 'trial store' }],
      pgbackrest: { info: () => Promise.resolve(aRepository) },
      events: { record: (event) => void events.push(event) },
      now: () => Date.parse('2026-11-28T20:01:00Z'),
    })
  const state = (): RestoreTestState | null =>
    JSON.parse(kv.entries.get(KEYS.restoreTestState)?.value ?? 'null') as RestoreTestState | null
  return { kv, copy, events, stop, run, state }
}

describe('a restore test', () => {
  it('restores, replays and checks, removes the copy, and says up to when nothing is missing', async () => {
    const { run, copy, state, kv, events } = await aTest()
    await run()
    expect(copy.acts).toEqual([
      'remove',
      'restore repo1 name --archive-mode=off',
      'start',
      'ask SELECT count',
      'ask SELECT neuro',
      'checkRelations',
      'stop',
      'checkPages',
      'remove',
    ])
    expect(state()?.last_verified).toMatchObject({
      request: 'r1',
      ok: true,
      detail: '',
      backup: '20261128-185901F',
      target_at: aRequest.requestedAt,
      restored_bytes: 32_210_684,
    })
    expect([...kv.entries.keys()]).toEqual([KEYS.restoreTestState])
    expect(events).toMatchObject([{ kind: 'restore-test.passed', actor: 'ana@host-1' }])
  })

  it.each<[string, (copy: FakeCopy) => void]>([
    [
      '1 of the ledger’s entries 11 to 40 are missing (the last is 40)',
      (copy) => (copy.answers = holding('29 40')),
    ],
    [
      '5 of the ledger’s entries 11 to 40 are missing (the last is 35)',
      (copy) => (copy.answers = holding('25 35')),
    ],
    [
      'shop.orders has 6 rows, the live one had 7',
      (copy) => (copy.answers = holding('30 40', { 'shop.orders': { rows: 6, hash: '42' } })),
    ],
    [
      'shop.orders has other rows than the live one had',
      (copy) => (copy.answers = holding('30 40', { 'shop.orders': { rows: 7, hash: '43' } })),
    ],
    ['shop.orders has 0 rows, the live one had 7', (copy) => (copy.answers = holding('30 40', {}))],
    ['start failed', (copy) => (copy.broken = 'start')],
    ['restore failed', (copy) => (copy.broken = 'restore')],
    ['checkRelations failed', (copy) => (copy.broken = 'checkRelations')],
    ['checkPages failed', (copy) => (copy.broken = 'checkPages')],
  ])('fails, and is no proof, when %s', async (detail, change) => {
    const { run, copy, state, events } = await aTest(change)
    await run()
    expect(state()).toMatchObject({ last: { ok: false, detail }, last_verified: null })
    expect(copy.acts.at(-1)).toBe('remove')
    expect(events).toMatchObject([{ kind: 'restore-test.failed', severity: 'warning' }])
  })

  it('that fails leaves the proof of the last one that passed', async () => {
    const { run, copy, state, kv } = await aTest()
    await run()
    copy.answers = holding('0 0')
    await kv.put(KEYS.restoreTestRequest, JSON.stringify({ ...aRequest, id: 'r2' }))
    await run()
    expect(state()).toMatchObject({
      last: { request: 'r2', ok: false },
      last_verified: { request: 'r1', ok: true },
    })
  })

  it('that is asked to end leaves its request, and no copy', async () => {
    const { run, copy, stop, kv } = await aTest()
    copy.start = () => {
      stop.abort()
      return Promise.reject(new PlatformError('INTERRUPTED', 'stopped'))
    }
    await expect(run()).rejects.toMatchObject({ code: 'INTERRUPTED' })
    expect(copy.acts.at(-1)).toBe('remove')
    expect([...kv.entries.keys()]).toEqual([KEYS.restoreTestRequest])
  })

  it('begins by removing what a killed one left, also when nothing is asked for', async () => {
    const { run, copy } = await aTest(undefined, false)
    expect(await run()).toBeUndefined()
    expect(copy.acts).toEqual(['remove'])
  })
})
