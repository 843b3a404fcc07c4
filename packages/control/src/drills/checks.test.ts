import { expect, it } from 'vitest'
import { failedOver, noFailover, noFence, readsMoveAway } from './checks.ts'
import type { Evidence, Sight } from './scenarios/scenario.ts'
import { aMember, aStatus } from './testing.ts'

const aSight = (change: Partial<Sight> = {}): Sight => ({
  atMs: 7000,
  primary: 'm-1',
  timeline: 1,
  readsFrom: new Map(),
  ...change,
})
const status = aStatus({ members: [aMember('m-1', 'primary'), aMember('m-2', 'sync standby')] })
const anEvidence = (change: Partial<Evidence> = {}): Evidence => ({
  target: 'm-1',
  faultAtMs: 5000,
  healedAtMs: 30_000,
  lines: [],
  sights: [aSight()],
  before: status,
  after: status,
  incarnations: { before: new Map([['m-1', 'a']]), after: new Map([['m-1', 'a']]) },
  events: [],
  ...change,
})

it('sees no failover where the primary stayed, and takes a blind look for no proof', () => {
  const blind = aSight({ primary: null, timeline: null })
  const evidence = anEvidence({ sights: [aSight(), blind, aSight()] })
  expect(noFailover.judge(evidence)).toBeNull()
  expect(failedOver.judge(evidence)).toMatch(/all the time/)
})

it('sees a failover, even back to the same member on a new timeline', () => {
  expect(noFailover.judge(anEvidence({ sights: [aSight({ primary: 'm-2' })] }))).toMatch(/m-2/)
  expect(noFailover.judge(anEvidence({ sights: [aSight({ timeline: 2 })] }))).toMatch(/timeline 2/)
  expect(failedOver.judge(anEvidence({ sights: [aSight({ primary: 'm-2' })] }))).toBeNull()
})

it('sees a fence by its event and by the member that began again', () => {
  const check = noFence(['m-1'])
  expect(check.judge(anEvidence())).toBeNull()
  const incarnations = { before: new Map([['m-1', 'a']]), after: new Map([['m-1', 'b']]) }
  expect(check.judge(anEvidence({ incarnations }))).toMatch(/m-1/)
  const event = {
    id: '1',
    at: '2026-11-23T03:00:00.000Z',
    source: 'controller-1',
    actor: 'controller',
    kind: 'failover.intended',
    severity: 'critical',
    summary: 'm-1 is to be fenced',
    target: 'm-1',
    evidence: {},
  } as const
  expect(check.judge(anEvidence({ events: [event] }))).toMatch(/m-1 is to be fenced/)
})

it('wants reads away from a member from some seconds after the fault until it is healed', () => {
  const reading = (atMs: number, ...members: string[]): Sight =>
    aSight({ atMs, readsFrom: new Map([['router-1', members]]) })
  const check = readsMoveAway('m-2', 10_000)
  const moved = [reading(6000, 'm-2', 'm-3'), reading(16_000, 'm-3'), reading(31_000, 'm-2')]
  expect(check.judge(anEvidence({ sights: moved }))).toBeNull()
  expect(check.judge(anEvidence({ sights: [reading(20_000, 'm-2')] }))).toMatch(/router-1/)
  expect(check.judge(anEvidence({ sights: [] }))).toMatch(/nobody looked/)
})
