import { expect, it } from 'vitest'
import { formatDrillResult, milliseconds } from './format-result.ts'
import { aPassedResult } from './testing.ts'

it('prints the verdict, a column per path and where the report is', () => {
  const text = formatDrillResult(
    { ...aPassedResult(), reportFile: '/x/report.html' },
    { color: false },
  )
  expect(text).toContain('PASS  primary-crash on neurondb-member-1')
  expect(text).toMatch(/RTO \(longest gap\) +2\.34 s +2\.10 s/)
  expect(text).toMatch(/lost +0 +0/)
  expect(text).toContain('report /x/report.html')
})

it('prints of a refused drill only why', () => {
  const result = {
    ...aPassedResult(),
    verdict: 'refused',
    reasons: ['the cluster is degraded'],
    target: '',
  } as const
  const text = formatDrillResult({ ...result, reasons: [...result.reasons] }, { color: false })
  expect(text).toBe('REFUSED  primary-crash\n  · the cluster is degraded')
})

it('prints times as a person reads them', () => {
  expect([null, 3.4, 999, 2340, 61_000].map(milliseconds)).toEqual([
    '–',
    '3 ms',
    '999 ms',
    '2.34 s',
    '61.0 s',
  ])
})
