/**
 * Would the standbys elect a new primary at once, and one that has every acknowledged commit? Patroni counts the
 * old leader among the voters, so that right after a death `quorum + 1` standbys must answer; whoever revokes
 * without them leaves the cluster without any primary.
 */
import type { DcsSnapshot } from './dcs-snapshot.ts'

/** What a member's own Patroni answered just now. */
export interface PatroniView {
  readonly state: string
  readonly role: string
  readonly timeline: number | null
  readonly streaming: boolean
  /** Seconds since it saw etcd. */
  readonly dcsSeenAgo: number | null
  readonly failsafeActive: boolean
  readonly paused: boolean
  readonly noFailover: boolean
}

export interface MemberView {
  readonly name: string
  /** Null: no answer. */
  readonly patroni: PatroniView | null
}

export interface Electability {
  readonly ok: boolean
  readonly electable: readonly string[]
  readonly needed: number
  /** For each member that does not count, why. */
  readonly others: Readonly<Record<string, string>>
}

/** A standby that has not seen etcd for so long may not race. */
const DCS_SEEN_WITHIN_SECONDS = 5

const timelineObjection = (view: PatroniView, timeline: number | null): string | undefined =>
  timeline === null || view.timeline === timeline
    ? undefined
    : `is on timeline ${view.timeline ?? 'unknown'} instead of ${timeline}`

const objection = (view: PatroniView | null, timeline: number | null): string | undefined => {
  if (view === null) return 'does not answer'
  const objections: readonly (readonly [boolean, string])[] = [
    [view.role === 'primary' || view.role === 'master', 'says that it is primary'],
    [view.state !== 'running', `is ${view.state}`],
    [view.dcsSeenAgo === null || view.dcsSeenAgo > DCS_SEEN_WITHIN_SECONDS, 'has not seen etcd'],
    [view.failsafeActive, 'is in failsafe mode'],
    [view.noFailover, 'has the tag nofailover'],
  ]
  return objections.find(([holds]) => holds)?.[1] ?? timelineObjection(view, timeline)
}

/** Who of the members other than `dead` could take over now. */
export function electableWithout(
  dead: string,
  members: readonly MemberView[],
  snapshot: DcsSnapshot,
): Electability {
  const { sync } = snapshot
  const timeline = snapshot.members.get(dead)?.timeline ?? null
  const judged = members
    .filter(({ name }) => name !== dead)
    .map(({ name, patroni }) => ({
      name,
      why:
        objection(patroni, timeline) ??
        (sync?.voters.includes(name) === true ? undefined : 'is not a voter in /sync'),
    }))
  const electable = judged.filter(({ why }) => why === undefined).map(({ name }) => name)
  const needed = (sync?.quorum ?? 0) + 1
  return {
    ok: electable.length >= needed,
    electable,
    needed,
    others: Object.fromEntries(judged.flatMap(({ name, why }) => (why ? [[name, why]] : []))),
  }
}
