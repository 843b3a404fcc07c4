import { describe, expect, it } from 'vitest'
import { aPassedResult } from '../testing.ts'
import { renderDrillReport } from './report-html.ts'

describe('the report', () => {
  it('needs nothing from the network', () => {
    const html = renderDrillReport(aPassedResult())
    expect(html).not.toMatch(/https?:\/\/|src=|<link|@import|url\(/)
  })

  it('says the verdict and the numbers first', () => {
    const html = renderDrillReport(aPassedResult())
    expect(html).toContain('<span class="badge">PASS</span>')
    expect(html).toContain(
      'primary-crash on neurondb-member-1: writes paused for 2.34 s, nothing was lost, no client saw an error',
    )
  })

  it('names why a drill failed', () => {
    const html = renderDrillReport({
      ...aPassedResult(),
      verdict: 'fail',
      reasons: ['http: 3 acknowledged writes lost'],
    })
    expect(html).toContain('<li>http: 3 acknowledged writes lost</li>')
    expect(html).toContain('hero fail')
  })

  it('escapes what comes from outside', () => {
    const result = aPassedResult()
    const html = renderDrillReport({
      ...result,
      timeline: [{ atMs: 1, what: '<script>alert(1)</script>', source: 'observed' }],
    })
    expect(html).not.toContain('<script>alert')
  })

  it('can be made of a drill that was refused before any load', () => {
    const html = renderDrillReport({
      ...aPassedResult(),
      verdict: 'refused',
      series: {},
      timeline: [],
      faultAtMs: null,
      wholeAgainMs: null,
    })
    expect(html).toContain('primary-crash was refused')
    expect(html).not.toContain('<svg')
  })

  it('draws a line for each path and marks the fault and the recovery', () => {
    const html = renderDrillReport(aPassedResult())
    expect(html.match(/class="line /g)).toHaveLength(6)
    expect(html).toContain('>fault</text>')
    expect(html).toContain('>whole again</text>')
    expect(html).not.toContain('NaN')
  })
})

it('shows the same fault with Patroni alone beside it, when that ran on the same code', () => {
  const alone = { ...aPassedResult(), withController: false, rtoMs: 23_380 }
  const html = renderDrillReport(aPassedResult(), alone)
  expect(html).toContain('The same fault with Patroni alone: 10.0 times as long')
  expect(renderDrillReport(aPassedResult())).not.toContain('Patroni alone')
})
