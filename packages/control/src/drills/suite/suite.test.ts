import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { describe, expect, it } from 'vitest'
import { aSpec } from '@neuronha/core/render/testing.ts'
import { aPassedResult } from '../testing.ts'
import { planSuite, type SuiteChoice } from './plan-suite.ts'
import { isCarriedThrough, resumeSuite, type SuiteRecord } from './suite-record.ts'

const choose = (change: Partial<SuiteChoice>) =>
  planSuite({ names: ['all'], options: {}, times: 1, compare: false, spec: aSpec(), ...change })

describe('the plan of a run', () => {
  it('gives every entry of its own a name of its own', () => {
    const keys = choose({ times: 2, compare: true }).entries.map(({ key }) => key)
    expect(new Set(keys).size).toBe(keys.length)
    expect(keys).toContain('service-kill, agent, without controllers, round 2')
  })

  it('runs each drill with and without controllers side by side when they are compared', () => {
    const { entries } = choose({ names: ['primary-crash'], compare: true })
    expect(entries.map(({ options }) => options.withController)).toEqual([true, false])
  })

  it('leaves out what is about the controllers where there are none', () => {
    const names = choose({ options: { withController: false } }).entries.map(({ name }) => name)
    expect(names).not.toContain('controllers-down')
    expect(names).toContain('primary-crash')
  })

  it('does not begin when one of its drills lacks what it must be told, and names all that do', () => {
    const names = ['edge-kill', 'service-kill', 'service-frozen']
    expect(() => choose({ names })).toThrow('hit by service-kill and service-frozen?')
    expect(choose({ names, options: { service: 'mcp' } }).entries).toHaveLength(3)
  })

  it('destroys the cluster only when that was asked for by name', () => {
    const names = (wanted: readonly string[]) =>
      choose({ names: wanted }).entries.map(({ name }) => name)
    expect(names(['all'])).toContain('restore-latest')
    expect(names(['all'])).not.toContain('lost-everything')
    expect(names(['lost-everything'])).toEqual(['lost-everything'])
  })

  it('leaves out what the cluster has nothing for', () => {
    const spec = clusterSpecSchema.parse({ backup: { repositories: [] } })
    const names = choose({ spec }).entries.map(({ name }) => name)
    expect(names).toContain('primary-crash')
    expect(names).not.toContain('store-outage')
    expect(names).not.toContain('restore-latest')
  })

  it('keeps what was asked for by name, so that it is refused with words', () => {
    const plan = choose({ names: ['controllers-down'], options: { withController: false } })
    expect(plan.entries).toHaveLength(1)
  })
})

describe('a run of all', () => {
  const wanted = { commit: 'abc', keys: ['a', 'b'], startedAt: '2026-11-23T03:00:00.000Z' }
  const half: SuiteRecord = { ...wanted, done: [{ key: 'a', result: aPassedResult() }] }

  it('goes on where it stopped', () => {
    expect(resumeSuite(half, wanted)).toBe(half)
  })

  it.each([
    ['it is complete', { ...half, done: [...half.done, { key: 'b', result: aPassedResult() }] }],
    ['the code changed', { ...half, commit: 'abd' }],
    ['other drills are wanted', { ...half, keys: ['a', 'c'] }],
    ['there is none', undefined],
  ])('begins anew when %s', (_, last) => {
    expect(resumeSuite(last, wanted)).toEqual({ ...wanted, done: [] })
  })

  it('counts a failed drill as run, and one that was stopped or refused not', () => {
    const verdicts = ['pass', 'fail', 'refused', 'aborted'] as const
    expect(verdicts.map((verdict) => isCarriedThrough({ verdict }))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
