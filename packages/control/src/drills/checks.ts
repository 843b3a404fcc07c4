/** Promises that single drills add to the general ones. Each judges from what was recorded. */
import type { LoadPath } from '@neuronha/core/config/loadgen.ts'
import { gapOf, longestGap, loadWindowMs } from './analyse.ts'
import type { Check, Evidence, Sight } from './scenarios/scenario.ts'

interface Reign {
  readonly primary: string | null
  readonly timeline: number | null
}

/** The primary stayed what it was, on its timeline. */
export const noFailover: Check = {
  what: 'no failover',
  judge: ({ before, after, sights }) => {
    const was = reignIn(before)
    const other = [...sights, reignIn(after)].find((now) => isOther(was, now))
    return other === undefined ? null : `${wordsOf(was)}, then ${wordsOf(other)}`
  },
}

/** What was not seen proves nothing. */
const isOther = (was: Reign, now: Reign): boolean =>
  (now.primary !== null && now.primary !== was.primary) ||
  (now.timeline !== null && now.timeline !== was.timeline)

const reignIn = ({ members }: Evidence['before']): Reign => {
  const primary = members.find(({ role }) => role === 'primary')
  return { primary: primary?.name ?? null, timeline: primary?.timeline ?? null }
}

const wordsOf = ({ primary, timeline }: Reign): string =>
  `${primary ?? 'nobody'} was the primary${timeline === null ? '' : ` on timeline ${timeline}`}`

/** What a controller says when it begins, or goes on, to take a primary down or its leadership away. */
const FENCE_EVENTS: ReadonlySet<string> = new Set([
  'failover.intended',
  'failover.confirmed',
  'failover.revoked',
  'failover.kill-failed',
])

/** No controller fenced anything, and none of these members became another incarnation. */
export const noFence = (unbroken: readonly string[]): Check => ({
  what: 'no fence',
  judge: ({ events, incarnations }) => {
    const fence = events.find(({ kind }) => FENCE_EVENTS.has(kind))
    if (fence !== undefined) return `${fence.source} said: ${fence.summary}`
    const changed = unbroken.filter((name) => !isSameIncarnation(incarnations, name))
    return changed.length === 0 ? null : `${changed.join(', ')} ended and began again`
  },
})

/** Each of them ended and began again. */
export const allAnew = (names: readonly string[]): Check => ({
  what: 'every one of them was restarted',
  judge: ({ incarnations }) => {
    const same = names.filter((name) => isSameIncarnation(incarnations, name))
    return same.length === 0 ? null : `${same.join(', ')} ran on`
  },
})

const isSameIncarnation = ({ before, after }: Evidence['incarnations'], name: string): boolean =>
  before.get(name) === after.get(name)

/** Another member took over. */
export const failedOver: Check = {
  what: 'another member took over',
  judge: ({ before, sights }) => {
    const was = reignIn(before).primary
    return sights.some(({ primary }) => primary !== null && primary !== was)
      ? null
      : `${was ?? 'nobody'} was seen as primary all the time`
  },
}

/** The gap of this path is at most so long. */
export const gapAtMost = (path: LoadPath, boundMs: number): Check => ({
  what: `at most ${boundMs} ms without an acknowledgement (${path})`,
  judge: ({ lines }) => {
    const gap = gapOf(lines, path)
    if (gap === null) return null
    const lengthMs = Math.round(gap.endMs - gap.startMs)
    return lengthMs <= boundMs ? null : `${lengthMs} ms`
  },
})

/** Between fault and heal, no router sent reads to this member any more, from `withinMs` after the fault on. */
export const readsMoveAway = (member: string, withinMs: number): Check => ({
  what: `reads move away from ${member} within ${withinMs / 1000} s`,
  judge: ({ sights, faultAtMs, healedAtMs }) => {
    const until = healedAtMs ?? Number.POSITIVE_INFINITY
    const during = sights.filter(({ atMs }) => atMs > faultAtMs + withinMs && atMs < until)
    if (during.length === 0) return 'nobody looked at the routers in that time'
    const still = during.find((sight) => routersReadingFrom(sight, member).length > 0)
    if (still === undefined) return null
    const afterS = ((still.atMs - faultAtMs) / 1000).toFixed(1)
    return `${routersReadingFrom(still, member).join(', ')} still read from it ${afterS} s after the fault`
  },
})

const routersReadingFrom = ({ readsFrom }: Sight, member: string): readonly string[] =>
  [...readsFrom].filter(([, members]) => members.includes(member)).map(([router]) => router)

/** While new connections hung, sessions that were there went on committing. */
export const existingSessionsGoOn = (forMs: number): Check => ({
  what: `existing sessions go on committing for ${forMs / 1000} s after the fault`,
  judge: ({ lines, faultAtMs }) => {
    const acknowledged = lines.flatMap((line) =>
      line.event === 'done' && line.path === 'sql' && line.outcome === 'acknowledged'
        ? [line.endMs]
        : [],
    )
    const gap = longestGap(
      acknowledged.filter((atMs) => atMs >= faultAtMs).map((atMs) => atMs - faultAtMs),
      Math.min(forMs, loadWindowMs(lines) - faultAtMs),
    )
    const lengthMs = gap === null ? 0 : Math.round(gap.endMs - gap.startMs)
    return lengthMs <= 1000 ? null : `${lengthMs} ms without one`
  },
})
