/**
 * Which faults a soak makes, and when: a pure function of the seed, the time and the cluster's size, so that a soak
 * that found something can be run again. Which container plays the part (who is the primary then) shows at the time.
 */
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { SOAK_FAULTS, type SoakFault } from './faults.ts'
import { limitsOf, mayBreak, type Limits, type Soaked } from './limits.ts'

export interface SoakEntry {
  readonly number: number
  /** After the soak's begin. */
  readonly atMs: number
  readonly fault: string
  readonly component: Soaked
  /** 0 to 1: which of those that could be hit. */
  readonly pick: number
  /** How long the fault stays before the drill heals it. */
  readonly keepMs: number
}

export interface ScheduleOptions {
  readonly seed: number
  readonly minutes: number
  readonly spec: ClusterSpec
}

/** Between the begin of one fault and the next. */
const LEAST_APART_MS = 3000
const MOST_APART_MS = 15_000
const LEAST_KEPT_MS = 4000
const MOST_KEPT_MS = 25_000
/** A member rewinds and catches up, and the others must know it again, before the next one may go. */
const SETTLE_MS: Readonly<Partial<Record<Soaked, number>>> = { member: 25_000 }
const OTHER_SETTLE_MS = 8000

interface Planned extends SoakEntry {
  readonly untilMs: number
}

/** In order of time; the last one is over when the soak's time is. */
export function scheduleOf({ seed, minutes, spec }: ScheduleOptions): readonly SoakEntry[] {
  const random = createRandom(seed)
  const limits = limitsOf(spec)
  const endMs = minutes * 60_000
  const entries: Planned[] = []
  let atMs = between(random(), LEAST_APART_MS, MOST_APART_MS)
  while (atMs < endMs) {
    const next = nextEntry(random, entries, { atMs, limits, number: entries.length + 1 })
    if (next !== undefined && next.untilMs <= endMs) entries.push(next)
    atMs += between(random(), LEAST_APART_MS, MOST_APART_MS)
  }
  return entries.map(({ number, atMs: at, fault, component, pick, keepMs }) => ({
    number,
    atMs: at,
    fault,
    component,
    pick,
    keepMs,
  }))
}

/** Three draws each time, whatever comes of them: so one choice does not change all that follow. */
function nextEntry(
  random: () => number,
  entries: readonly Planned[],
  { atMs, limits, number }: { atMs: number; limits: Limits; number: number },
): Planned | undefined {
  const [which, pick, long] = [random(), random(), random()]
  const broken = entries.filter(({ untilMs }) => untilMs > atMs).map(({ component }) => component)
  const allowed = SOAK_FAULTS.filter(({ component }) => mayBreak(broken, component, limits))
  if (allowed.length === 0) return undefined
  const { name, component } = pickOne(allowed, which)
  const keepMs = between(long, LEAST_KEPT_MS, MOST_KEPT_MS)
  const untilMs = atMs + keepMs + (SETTLE_MS[component] ?? OTHER_SETTLE_MS)
  return { number, atMs, fault: name, component, pick, keepMs, untilMs }
}

/** Half of all faults hit the database, which is what this is about. */
function pickOne(faults: readonly SoakFault[], share: number): SoakFault {
  const total = faults.reduce((sum, { weight }) => sum + weight, 0)
  let left = share * total
  for (const fault of faults) {
    left -= fault.weight
    if (left < 0) return fault
  }
  return assertPresent(faults.at(-1), 'a fault')
}

const between = (share: number, least: number, most: number): number =>
  Math.round(least + share * (most - least))

/** Numbers from 0 to 1 that depend on the seed alone (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
