/** A minute of what was observed, for the small curves and the list of changes. Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { changesBetween, type Change } from './changes.ts'
import { nextObservation, type Observation } from './freshness.ts'

const KEPT_MS = 60_000
const KEPT_CHANGES = 50

export interface Sample {
  readonly atMs: number
  /** Position of the primary's WAL in bytes. */
  readonly walBytes: number | null
  readonly lagMs: Readonly<Record<string, number | null>>
}

export interface ClusterView {
  readonly observation: Observation
  /** Oldest first. */
  readonly samples: readonly Sample[]
  /** Newest first. */
  readonly changes: readonly Change[]
}

/** `16/B374D848` as a number of bytes; null when it is no LSN. */
export const parseLsn = (lsn: string | null): number | null => {
  const match = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn ?? '')
  if (match?.[1] === undefined || match[2] === undefined) return null
  return parseInt(match[1], 16) * 2 ** 32 + parseInt(match[2], 16)
}

const sampleOf = (status: ClusterStatus): Sample => ({
  atMs: Date.parse(status.observed_at),
  walBytes: parseLsn(status.members.find((member) => member.role === 'primary')?.lsn ?? null),
  lagMs: Object.fromEntries(status.members.map((member) => [member.name, member.lag_ms])),
})

export interface Arrival {
  readonly status: ClusterStatus
  readonly serverTimeMs: number | null
  readonly receivedMs: number
}

/** The view after an answer has arrived. A repeated or older answer changes nothing. */
export const nextView = (previous: ClusterView | undefined, arrival: Arrival): ClusterView => {
  const observation = nextObservation(previous?.observation, arrival)
  if (previous === undefined)
    return { observation, samples: [sampleOf(observation.status)], changes: [] }
  if (observation === previous.observation) return previous
  const changes = changesBetween(previous.observation.status, observation.status)
  const sample = sampleOf(observation.status)
  return {
    observation,
    // By time, not by number: other pages look less often.
    samples: [...previous.samples.filter(({ atMs }) => sample.atMs - atMs < KEPT_MS), sample],
    changes: [...changes, ...previous.changes].slice(0, KEPT_CHANGES),
  }
}

/** WAL written per second over the last samples; null when the primary changed or is not known. */
export const walBytesPerSecond = (samples: readonly Sample[]): number | null => {
  const recent = samples.slice(-6)
  const first = recent[0]
  const last = recent.at(-1)
  if (!first || !last || first.walBytes === null || last.walBytes === null) return null
  const seconds = (last.atMs - first.atMs) / 1000
  const bytes = last.walBytes - first.walBytes
  return seconds <= 0 || bytes < 0 ? null : bytes / seconds
}
