/** The terms that predictions are sums of, each from one timing of the cluster file or one measurement. */
import type { PatroniTiming, Profile } from '../spec/profiles.ts'
import { CONTROLLER_TIMINGS, DEAD_LEADER_PROBE_MS, MEASURED } from './controller-timings.ts'

export interface Term {
  /** What takes the time, in a few words. */
  readonly name: string
  readonly typicalMs: number
  readonly worstMs: number
}

export interface PredictedPath {
  readonly terms: readonly Term[]
  readonly typicalMs: number
  readonly worstMs: number
}

/** The part of a cluster file that predictions depend on. */
export interface Timings extends Pick<Profile, 'check' | 'pooler' | 'etcd'> {
  readonly patroni: PatroniTiming
  readonly edges: number
}

export const sumOf = (terms: readonly Term[]): PredictedPath => ({
  terms,
  typicalMs: terms.reduce((sum, { typicalMs }) => sum + typicalMs, 0),
  worstMs: terms.reduce((sum, { worstMs }) => sum + worstMs, 0),
})

const measured = (name: string, key: keyof typeof MEASURED): Term => ({ name, ...MEASURED[key] })

/** Something that is looked at every `ms`: it is seen after half of that as often as not. */
const polled = (name: string, ms: number, extra = { typicalMs: 0, worstMs: 0 }): Term => ({
  name,
  typicalMs: ms / 2 + extra.typicalMs,
  worstMs: ms + extra.worstMs,
})

/** Patroni on the member itself is woken by the end of its PostgreSQL; at the latest its loop notices. */
export const patroniWoken = ({ patroni }: Timings): Term => ({
  name: 'its Patroni is woken',
  typicalMs: MEASURED.patroniRound.typicalMs,
  worstMs: patroni.loopWait * 1000 + MEASURED.patroniRound.worstMs,
})

/** Renewed every loop, so on average half a loop of it has passed. */
export const leaseRunsOut = ({ patroni }: Timings): Term => ({
  name: 'the primary’s lease runs out',
  typicalMs: (patroni.ttl - patroni.loopWait / 2) * 1000,
  worstMs: patroni.ttl * 1000,
})

/** A new etcd leader gives every lease its full time again. */
export const rearmedLease = ({ patroni }: Timings): Term => ({
  name: 'the primary’s lease, armed anew, runs out',
  typicalMs: patroni.ttl * 1000,
  worstMs: patroni.ttl * 1000,
})

export const deadLeaderProbe = (): Term => ({
  name: 'standbys ask the dead leader',
  typicalMs: DEAD_LEADER_PROBE_MS,
  worstMs: DEAD_LEADER_PROBE_MS,
})

export const etcdElection = ({ etcd }: Timings): Term => ({
  name: 'etcd elects a leader',
  typicalMs: etcd.electionMs * 1.5,
  worstMs: etcd.electionMs * 3,
})

export const engineEvent = (): Term => measured('the engine reports the end', 'engineEvent')
export const engineRestart = (): Term => measured('the engine starts it again', 'engineRestart')
export const evidence = (): Term => measured('evidence, then the guarded revocation', 'evidence')
export const fence = (): Term => measured('the engine kills it and confirms', 'engineKill')
export const patroniStart = (): Term =>
  measured('its Patroni starts and releases the lease', 'patroniStart')
export const promotion = (): Term => measured('a standby is promoted', 'promotion')

/** Kept and fresh connection silent. */
export const silence = (): Term => ({
  name: 'the write probe is silent',
  typicalMs: CONTROLLER_TIMINGS.silentAfterMs + CONTROLLER_TIMINGS.probeEveryMs / 2,
  worstMs: CONTROLLER_TIMINGS.silentAfterMs + CONTROLLER_TIMINGS.probeEveryMs,
})

export const freshSilence = (): Term => ({
  name: 'fresh connections are silent',
  typicalMs: CONTROLLER_TIMINGS.freshSilentAfterMs + CONTROLLER_TIMINGS.probeEveryMs / 2,
  worstMs: CONTROLLER_TIMINGS.freshSilentAfterMs + CONTROLLER_TIMINGS.probeEveryMs,
})

export const patroniSilence = (): Term => {
  const { askPatroniAfterMs, patroniSilentAfterMs, probeEveryMs } = CONTROLLER_TIMINGS
  return {
    name: 'Patroni’s state stands still, then its REST API is silent',
    typicalMs: askPatroniAfterMs + patroniSilentAfterMs + probeEveryMs / 2,
    worstMs: askPatroniAfterMs + patroniSilentAfterMs + probeEveryMs,
  }
}

export const guide = (): Term =>
  measured('a controller sees the new primary write, and tells the routers', 'guide')

/** The new primary was down for writes until now, so it is checked at the interval of servers that are down. */
export const routerCheck = ({ check }: Timings): Term =>
  polled('the routers’ check sees the new primary', check.downinterMs * check.rise, MEASURED.check)

export const poolerRetry = ({ pooler }: Timings): Term =>
  polled('the poolers log in again', pooler.serverLoginRetry * 1000)

/** To the other router, when the first does not answer at all. */
export const otherRouter = ({ pooler }: Timings): Term => ({
  name: 'the poolers give the router up and try the other one',
  typicalMs: pooler.serverConnectTimeout * 500,
  worstMs: pooler.serverConnectTimeout * 1000 + pooler.serverLoginRetry * 1000,
})

export const pausePoolers = (): Term => measured('PAUSE on all poolers', 'pause')
export const resumePoolers = (): Term => measured('RESUME on all poolers', 'resume')
export const orderlyStop = (): Term =>
  measured('the old primary, checkpointed before, stops and hands over', 'orderlyStop')
export const plainStop = (): Term => measured('the old primary stops and hands over', 'plainStop')
export const retryElsewhere = (name: string): Term => measured(name, 'retryElsewhere')
export const silentPooler = (): Term =>
  measured('services find the pooler silent, and use the other', 'silentPooler')
export const failsafe = (): Term =>
  measured('the primary asks all members instead of etcd', 'failsafe')
export const otherStandby = (): Term => measured('another standby acknowledges', 'otherStandby')
export const nothing = (name: string): Term => ({ name, typicalMs: 0, worstMs: 0 })
