import type { LedgerDone } from '@neuronha/core/config/loadgen.ts'
import { expect, it } from 'vitest'
import { aDone } from '../testing.ts'
import { missingMs, restoredWrites } from './restored-writes.ts'

const MOMENT_MS = 10_000
const keyOf = ({ id }: LedgerDone): string => id

/** Writes of one path whose times are given, of which some are in the restored database. */
function writes(all: Readonly<Record<string, Partial<LedgerDone>>>, there: readonly string[]) {
  const lines = Object.entries(all).map(([id, change]) => aDone({ path: 'sql', id, ...change }))
  const sql = { counts: new Map(there.map((id) => [id, 1])), keyOf }
  return restoredWrites(lines, { http: null, sql, connect: null }, MOMENT_MS)
}

const OLD = { scheduledMs: 1000 }
const OLDER = { scheduledMs: 500 }
const YOUNG = { scheduledMs: 12_000 }
/** Begun before the moment, acknowledged after it. */
const UNDER_WAY = { scheduledMs: 9990, endMs: 10_020 }

it('what was acknowledged before the moment must be there, and its age tells how much is missing', () => {
  const lost = writes({ OLDER, OLD }, [])
  expect(lost).toMatchObject({ before: 2, missing: 2, oldestMissingMs: 505 })
  expect(missingMs(lost, MOMENT_MS)).toBe(9495)
  expect(missingMs(writes({ OLDER, OLD }, ['OLDER', 'OLD']), MOMENT_MS)).toBe(0)
})

it('what was begun after the moment must not be there', () => {
  expect(writes({ OLD, YOUNG }, ['OLD', 'YOUNG'])).toMatchObject({ after: 1, early: 1, missing: 0 })
  expect(writes({ OLD, YOUNG }, ['OLD'])).toMatchObject({ after: 1, early: 0 })
})

it('what was under way at the moment, or failed, may be there or not', () => {
  const failed = { scheduledMs: 1000, outcome: 'failed' as const }
  const none = { before: 0, missing: 0, after: 0, early: 0 }
  expect(writes({ UNDER_WAY, failed }, [])).toMatchObject(none)
  expect(writes({ UNDER_WAY, failed }, ['UNDER_WAY', 'failed'])).toMatchObject(none)
})

it('a path that was not read counts as not there', () => {
  const lines = [aDone({ path: 'http', ...OLD })]
  const found = { http: null, sql: null, connect: null }
  expect(restoredWrites(lines, found, MOMENT_MS)).toMatchObject({ before: 1, missing: 1 })
})
