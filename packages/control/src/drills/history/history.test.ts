import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { renderHistoryReport } from '../report/history-html.ts'
import { saveResult } from '../save-result.ts'
import { aPassedResult } from '../testing.ts'
import { formatSummary } from './format-summary.ts'
import { loadHistory } from './load-history.ts'
import { summarise } from './summarise.ts'

const aResult = (change: Partial<DrillResult> = {}): DrillResult => ({
  ...aPassedResult(),
  ...change,
})
const runs = (...changes: readonly Partial<DrillResult>[]) =>
  summarise('neurondb', changes.map(aResult)).drills

describe('the history', () => {
  it('has a row for each drill in each of its forms', () => {
    const rows = runs(
      { drill: 'primary-crash' },
      { drill: 'service-kill', variant: 'agent' },
      { drill: 'service-kill', variant: 'mcp' },
      { drill: 'primary-crash' },
    )
    expect(rows.map(({ drill, variant }) => `${drill} ${variant}`.trim())).toEqual([
      'primary-crash',
      'service-kill agent',
      'service-kill mcp',
    ])
  })

  it('takes medians and maxima of each mode, and says how many times longer Patroni alone takes', () => {
    const [row] = runs(
      ...[2000, 3000, 2500].map((rtoMs) => ({ rtoMs })),
      ...[22_000, 24_000, 25_000].map((rtoMs) => ({ rtoMs, withController: false })),
    )
    expect(row?.withController).toMatchObject({ runs: 3, medianRtoMs: 2500, maxRtoMs: 3000 })
    expect(row?.withoutController).toMatchObject({ medianRtoMs: 24_000, maxRtoMs: 25_000 })
    expect(row?.ratio).toBe(9.6)
  })

  it('compares only what ran on the same code', () => {
    const [row] = runs(
      { commit: 'old', rtoMs: 9000 },
      { commit: 'old', rtoMs: 90_000, withController: false },
      { commit: 'new', rtoMs: 1000 },
    )
    expect(row).toMatchObject({ commit: 'old', ratio: 10 })
    expect(row?.withController?.medianRtoMs).toBe(9000)
  })

  it('counts what was refused nowhere, and what was interrupted not as a run', () => {
    const [row] = runs({}, { verdict: 'refused' }, { verdict: 'aborted', rtoMs: 60_000 })
    expect(row?.runs.map(({ verdict }) => verdict)).toEqual(['pass', 'aborted'])
    expect(row?.withController).toMatchObject({ runs: 1, passed: 1 })
  })

  it('adds up what was lost on every path', () => {
    const { http, sql, connect } = aPassedResult().paths
    const paths = { http: http && { ...http, lost: 2 }, sql: sql && { ...sql, lost: 1 }, connect }
    const summary = summarise('neurondb', [aResult({ paths, verdict: 'fail' })])
    expect(summary.totals.lost).toBe(3)
    expect(formatSummary(summary, { color: false })).toMatch(/3 lost, 0 duplicated/)
  })
})

describe('on disk', () => {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neuronha-history-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true }))

  it('is read back in order of time; what is no result of this code is named', async () => {
    const dates = ['2026-11-24T03:00:00Z', '2026-11-23T03:00:00Z']
    for (const startedAt of dates) {
      await saveResult(folder, new Date(startedAt), aResult({ startedAt }))
    }
    await writeFile(join(folder, '2026-11-25T030000Z-primary-crash.json'), '{"drill": 1}')
    await writeFile(join(folder, 'suite.json'), '{}')
    const { results, unreadable } = await loadHistory(folder)
    expect(results.map(({ startedAt }) => startedAt)).toEqual([...dates].reverse())
    expect(unreadable).toEqual(['2026-11-25T030000Z-primary-crash.json'])
  })

  it('keeps two forms of a drill that began in the same second apart', async () => {
    const at = new Date('2026-11-24T03:00:00Z')
    const forms = [{ variant: 'agent' }, { variant: 'mcp' }, { withController: false }]
    for (const form of forms) await saveResult(folder, at, aResult(form))
    expect((await loadHistory(folder)).results).toHaveLength(3)
  })
})

describe('the report over all runs', () => {
  it('is one file that needs nothing else, with a drawing and every run', () => {
    const summary = summarise('neurondb', [
      aResult(),
      aResult({ withController: false, rtoMs: 22_000 }),
    ])
    const html = renderHistoryReport(summary, new Date('2026-11-24T03:00:00Z'))
    expect(html).toMatch(/<svg/)
    expect(html).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(html).toMatch(/prefers-color-scheme: dark/)
  })

  it('escapes what comes from the cluster', () => {
    const summary = summarise('<script>', [aResult({ reasons: ['<img src=x>'], verdict: 'fail' })])
    const html = renderHistoryReport(summary, new Date())
    expect(html).not.toMatch(/<img src=x>|<script>/)
  })
})
