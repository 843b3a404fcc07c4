import fc from 'fast-check'
import { aSpec } from '@neuronha/core/render/testing.ts'
import { describe, expect, it } from 'vitest'
import { aMember, aStatus } from '../testing.ts'
import { SOAK_FAULTS } from './faults.ts'
import { limitsOf, SOAKED } from './limits.ts'
import { createRandom, scheduleOf } from './schedule.ts'
import type { Evidence } from '../scenarios/scenario.ts'
import { isSafeNow, mostWereMade, type Tally } from './soak.ts'

const seeds = fc.integer({ min: 0, max: 2 ** 31 })
const sizes = fc.record({
  members: fc.integer({ min: 3, max: 6 }),
  syncStandbys: fc.integer({ min: 1, max: 2 }),
  etcd: fc.constantFrom(1, 3, 5),
  edges: fc.integer({ min: 1, max: 2 }),
})
type Sizes = typeof sizes extends fc.Arbitrary<infer T> ? T : never
const specOf = ({ members, syncStandbys, etcd, edges }: Sizes) =>
  aSpec({
    database: { members, syncStandbys },
    etcd: { members: etcd },
    edge: { replicas: edges },
  })

describe('the limits', () => {
  it('of the default cluster leave one of everything, and a majority of etcd', () => {
    expect(limitsOf(aSpec())).toMatchObject({ member: 1, etcd: 1, pooler: 1, edge: 0, agent: 2 })
  })

  it('never take all of anything, nor more members than have every acknowledged write', () => {
    fc.assert(
      fc.property(sizes, (size) => {
        const limits = limitsOf(specOf(size))
        return (
          limits.member <= size.syncStandbys &&
          limits.member < size.members &&
          limits.etcd * 2 < size.etcd &&
          limits.edge < size.edges
        )
      }),
    )
  })
})

describe('the schedule of a soak', () => {
  it('is the same for the same seed, and another for another', () => {
    const of = (seed: number) => scheduleOf({ seed, minutes: 10, spec: aSpec() })
    expect(of(7)).toEqual(of(7))
    expect(of(7)).not.toEqual(of(8))
    expect(of(7).length).toBeGreaterThan(20)
  })

  it('never has more faults open at once than the cluster is built to survive', () => {
    fc.assert(
      fc.property(seeds, sizes, (seed, size) => {
        const spec = specOf(size)
        const limits = limitsOf(spec)
        const entries = scheduleOf({ seed, minutes: 20, spec })
        return entries.every(({ atMs }) =>
          SOAKED.every((component) => {
            const open = entries.filter(
              (other) =>
                other.component === component &&
                other.atMs <= atMs &&
                atMs < other.atMs + other.keepMs,
            )
            return open.length <= limits[component]
          }),
        )
      }),
    )
  })

  it('is over when its time is, in order of time', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const entries = scheduleOf({ seed, minutes: 5, spec: aSpec() })
        const times = entries.map(({ atMs }) => atMs)
        return (
          entries.every(({ atMs, keepMs }) => atMs + keepMs <= 300_000) &&
          times.every((atMs, index) => index === 0 || atMs > (times[index - 1] ?? 0))
        )
      }),
    )
  })

  it('uses every kind of fault sooner or later', () => {
    const spec = aSpec({ edge: { replicas: 2 } })
    const used = new Set(
      Array.from({ length: 30 }, (_, seed) => scheduleOf({ seed, minutes: 20, spec }))
        .flat()
        .map(({ fault }) => fault),
    )
    expect([...used].sort()).toEqual(SOAK_FAULTS.map(({ name }) => name).sort())
  })

  it('draws numbers from 0 to 1', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = createRandom(seed)
        return Array.from({ length: 50 }, random).every((n) => n >= 0 && n < 1)
      }),
    )
  })
})

describe('before each fault', () => {
  const spec = aSpec({ database: { members: 3 } })
  const names = [1, 2, 3].map((n) => `${spec.name}-member-${n}`)
  const members = names.map((name, index) =>
    aMember(name, index === 0 ? 'primary' : 'sync standby'),
  )
  const safe = (status: ReturnType<typeof aStatus>, open: ('member' | 'etcd')[] = []) =>
    isSafeNow('member', { status, spec, open })

  it('a member may go when all serve on one timeline', () => {
    expect(safe(aStatus({ members }))).toBe(true)
  })

  it('no member may go while another is away, by us or by itself', () => {
    expect(safe(aStatus({ members }), ['member'])).toBe(false)
    const away = members.map((m, index) => (index === 2 ? { ...m, state: 'starting' } : m))
    expect(safe(aStatus({ members: away }))).toBe(false)
  })

  it('no member may go while one is behind on an old timeline, or commits wait for anybody', () => {
    const old = members.map((m, index) => (index === 0 ? { ...m, timeline: 2 } : m))
    expect(safe(aStatus({ members: old }))).toBe(false)
    expect(safe(aStatus({ members, synchronous_standby_names: '*' }))).toBe(false)
    expect(safe(aStatus({ members, failsafe_active: true }))).toBe(false)
  })
})

it('proves little when it left out most of its faults, as counted when all are over', async () => {
  const tally: Tally = { made: 0, leftOut: [] }
  const check = mostWereMade(4, tally)
  const judged = () => check.judge({} as Evidence)
  tally.made = 1
  tally.leftOut.push('freeze', 'kill')
  expect(await judged()).toBe('1 were; left out: freeze, kill')
  tally.made = 2
  expect(await judged()).toBeNull()
})
