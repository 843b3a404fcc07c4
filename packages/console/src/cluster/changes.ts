/** What changed between two observations, in sentences. Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { partsOf, shortNameOf, type Part, type Tone } from './parts.ts'

export interface Change {
  /** `observed_at` of the observation that showed it. */
  readonly at: string
  readonly tone: Tone
  readonly text: string
  readonly part: string | null
}

const primaryOf = (status: ClusterStatus): string | null =>
  status.members.find((member) => member.role === 'primary')?.name ?? null

const primaryChange = (before: ClusterStatus, after: ClusterStatus): readonly Change[] => {
  const was = primaryOf(before)
  const is = primaryOf(after)
  if (was === is) return []
  const at = after.observed_at
  if (is === null) return [{ at, tone: 'bad', text: 'No primary: writes wait', part: was }]
  const timeline = after.members.find((member) => member.name === is)?.timeline
  const suffix = timeline === null || timeline === undefined ? '' : ` on timeline ${timeline}`
  const text = `${shortNameOf(after.cluster, is)} is primary${suffix}`
  return [{ at, tone: 'good', text, part: is }]
}

const HEALTH_TONES = { healthy: 'good', degraded: 'warn', down: 'bad' } as const

const healthChange = (before: ClusterStatus, after: ClusterStatus): readonly Change[] =>
  before.health === after.health
    ? []
    : [
        {
          at: after.observed_at,
          tone: HEALTH_TONES[after.health],
          text: `The cluster is ${after.health}`,
          part: null,
        },
      ]

const observerChange = (before: ClusterStatus, after: ClusterStatus): readonly Change[] =>
  before.observer === after.observer
    ? []
    : [
        {
          at: after.observed_at,
          tone: 'unknown',
          text: `${shortNameOf(after.cluster, after.observer)} observes now`,
          part: null,
        },
      ]

/** A standby whose primary went away is `running` instead of `streaming`: both are well. */
const isNews = (was: Part | undefined, is: Part | undefined): boolean => {
  if (was?.word === is?.word) return false
  return !(is?.group === 'member' && was?.tone === 'good' && is.tone === 'good')
}

const partChange = (was: Part | undefined, is: Part | undefined, at: string): readonly Change[] => {
  if (!isNews(was, is)) return []
  if (is === undefined) {
    return [{ at, tone: 'unknown', text: `${was?.shortName ?? ''} is gone`, part: null }]
  }
  const because = is.tone === 'good' || is.detail === '' ? '' : `: ${is.detail}`
  return [{ at, tone: is.tone, text: `${is.shortName} is ${is.word}${because}`, part: is.name }]
}

/** The most important first: the primary, the cluster's health, then single parts. */
export const changesBetween = (before: ClusterStatus, after: ClusterStatus): readonly Change[] => {
  const was = new Map(partsOf(before).map((part) => [part.name, part]))
  const is = new Map(partsOf(after).map((part) => [part.name, part]))
  const names = [...new Set([...was.keys(), ...is.keys()])]
  return [
    ...primaryChange(before, after),
    ...healthChange(before, after),
    ...names.flatMap((name) => partChange(was.get(name), is.get(name), after.observed_at)),
    ...observerChange(before, after),
  ]
}
