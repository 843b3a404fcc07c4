/**
 * A planned change of the primary that no client notices but by waiting. One run walks these states, each entered
 * through the step of the same name in STEPS; time counts from `paused`.
 *
 *   checked ──(a reason against it)──────────────────────────▶ refused    nothing was touched
 *   checked ──(record and holds in etcd)──▶ announced
 *   announced ──(CHECKPOINT on both in 30 s, else)───────────▶ aborted    nobody was held
 *   announced ──(a connection to every console, else)────────▶ aborted
 *   connected ──(PAUSE everywhere in 1.5 s, else RESUME)─────▶ aborted    names who held it up
 *   paused ──(candidate has flushed what the primary has in 1 s, else RESUME)──▶ aborted
 *   caught up ──(Patroni refuses, else)──────────────────────▶ aborted    RESUME
 *   requested ──(candidate out of recovery; every router leads to it alone; a commit through each)──▶ proven
 *   requested ──(8.5 s after PAUSE, whatever happened)───────▶ failed     RESUME: clients now wait for their connection
 *   proven ──(RESUME)──▶ resumed ──(lock and /sync name it, the old one streams)──▶ done
 *
 * Never done: going on after a pooler missed its deadline; asking Patroni while a client may be writing; ending without
 * RESUME, by whatever exit (a process killed while paused leaves it to the poolers' dead-man loops); asking twice.
 * The signal is obeyed up to the request. After it, ending early would be worse than ending: it is a matter of seconds.
 */
import { patroniKeys, type NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { unlessAborted } from '@neuronha/runtime/unless-aborted.ts'
import { withHolds } from '../coordination/holds.ts'
import { RESUME_BY_MS } from '../poolers/pooler-fleet.ts'
import { runStep } from '../setup/progress.ts'
import { decideSwitchover, PAUSE_DEADLINE_MS, type SwitchoverRequest } from './decide-switchover.ts'
import { describeHolders } from './describe-holders.ts'
import { isBehind } from './lsn-order.ts'
import type { PlannedDeps, PoolerFleet } from './ports.ts'
import { observeSwitchover, readLeader } from './switchover-facts.ts'
import { announceSwitchover, type SwitchoverRecord } from './switchover-record.ts'
import { verifySwitchover } from './verify-switchover.ts'

const CHECKPOINT_DEADLINE_MS = 30_000
const CATCH_UP_DEADLINE_MS = 1000
const WITHIN = `within ${RESUME_BY_MS / 1000} s`
/** Clients wait meanwhile; each look asks etcd for a quorum's answer. */
const LOOK_EVERY_MS = 50

const STEPS = {
  check: 'check that nothing stands in the way',
  checkpoint: 'write out the buffers',
  connect: 'log in to the poolers',
  pause: 'hold the clients',
  catchUp: 'wait until the candidate has everything',
  promote: 'Patroni changes the primary',
  prove: 'commit through every router',
  resume: 'let the clients go on',
  verify: 'wait until the old primary follows',
} as const
export type SwitchoverStep = keyof typeof STEPS

export interface SwitchoverOptions {
  readonly to?: string | undefined
  readonly among?: readonly string[] | undefined
  readonly force?: boolean
  /** Why, for the audit log: `asked for`, `up replaces it`, … */
  readonly why: string
}

export interface SwitchoverResult {
  readonly from: string
  readonly to: string
  /** From PAUSE to the last pooler's RESUME. */
  readonly stallMs: number
  readonly totalMs: number
  /** How long each step took. */
  readonly steps: readonly { readonly step: SwitchoverStep; readonly ms: number }[]
}

/** How a switchover ends that was given up before Patroni was asked. */
const NOTHING_CHANGED: ReadonlySet<string> = new Set(['CONFLICT', 'INTERRUPTED'])

interface Run {
  readonly deps: PlannedDeps
  readonly from: string
  readonly to: string
  /** Who may become the primary; more than one race for it. */
  readonly runners: readonly string[]
  readonly steps: { step: SwitchoverStep; ms: number }[]
}

/**
 * Makes another member the primary.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY with every reason, nothing touched; CONFLICT when it was given up while
 *   nothing had changed; NOT_HEALTHY_IN_TIME when Patroni had begun and did not end as asked.
 */
export async function switchover(
  options: SwitchoverOptions,
  deps: PlannedDeps,
): Promise<SwitchoverResult> {
  const startedAt = deps.clock.now()
  const steps: Run['steps'] = []
  const request: SwitchoverRequest = {
    to: options.to,
    among: options.among,
    actor: deps.actor,
    force: options.force ?? false,
    syncStandbys: deps.syncStandbys,
  }
  const { facts, decision } = await timed({ deps, steps }, 'check', async () => {
    const seen = await observeSwitchover(deps)
    return { facts: seen, decision: decideSwitchover(seen, request) }
  })
  if (decision.kind === 'refuse') throw refuse(deps, decision.reasons)
  const run: Run = { ...decision, deps, steps }
  const record = {
    by: deps.actor,
    from: run.from,
    to: run.to,
    since: new Date().toISOString(),
  }
  const announced = await announceSwitchover(deps.kv, deps.cluster, record, facts.revisions)
  // The controllers must not take what follows for the death of the one or the silence of another.
  const holds = {
    containers: [run.from, ...run.runners],
    by: 'switchover',
    why: options.why,
    noStart: false,
  }
  try {
    const outcome = await withHolds(deps.kv, deps.cluster, holds, () => changePrimary(run))
    const result = { from: run.from, ...outcome, totalMs: deps.clock.now() - startedAt, steps }
    noteDone(deps, record, result, options.why)
    return result
  } catch (thrown) {
    const { code, message } = toPlatformError(thrown)
    note(deps, NOTHING_CHANGED.has(code) ? 'switchover.aborted' : 'switchover.failed', message, {
      severity: 'warning',
      target: run.from,
      evidence: { ...record, why: options.why, steps: roundedSteps(steps) },
    })
    throw thrown
  } finally {
    await announced.withdraw()
  }
}

const roundedSteps = (steps: SwitchoverResult['steps']) =>
  steps.map(({ step, ms }) => ({ step, ms: Math.round(ms) }))

/** The whole of it, between announcement and withdrawal. */
async function changePrimary(run: Run): Promise<Pick<SwitchoverResult, 'to' | 'stallMs'>> {
  const { deps } = run
  await timed(run, 'checkpoint', () => checkpointAll(run))
  const poolers = deps.poolers()
  try {
    await timed(run, 'connect', () => poolers.open()).catch((thrown: unknown) => {
      throw abort(toPlatformError(thrown).message)
    })
    assertGoingOn(deps)
    const pausedAt = deps.clock.now()
    let outcome: PlatformError | undefined
    try {
      await whileHeld(run, poolers, pausedAt)
    } catch (thrown) {
      outcome = toPlatformError(thrown)
    }
    const left = await timed(run, 'resume', () => poolers.resume())
    const stallMs = deps.clock.now() - pausedAt
    if (left.length > 0)
      deps.progress.say(
        `${left.join(', ')} cannot be reached and will resume by itself within 10 s`,
      )
    if (outcome?.code !== undefined && outcome.code !== 'NOT_HEALTHY_IN_TIME') throw outcome
    return { to: await timed(run, 'verify', () => verifySwitchover(run)), stallMs }
  } finally {
    await poolers.close()
  }
}

async function checkpointAll({ deps, from, runners }: Run): Promise<void> {
  try {
    await Promise.all(
      [from, ...runners].map((member) => deps.members.checkpoint(member, CHECKPOINT_DEADLINE_MS)),
    )
  } catch (thrown) {
    throw abort(
      `the checkpoint did not end within ${CHECKPOINT_DEADLINE_MS / 1000} s (${toPlatformError(thrown).message}): the disks are too busy to stop a primary quickly`,
    )
  }
}

/** What happens while clients wait. Everything here is bounded by RESUME_BY_MS. */
async function whileHeld(run: Run, poolers: PoolerFleet, pausedAt: number): Promise<void> {
  const { deps, from } = run
  await timed(run, 'pause', async () => {
    const missed = await poolers.pause(PAUSE_DEADLINE_MS)
    if (missed.length === 0) return
    const [holders, transactions] = await Promise.all([
      poolers.holders(missed),
      deps.members.openTransactions(from).catch(() => []),
    ])
    throw abort(
      `${missed.join(' and ')} could not be quiet within ${PAUSE_DEADLINE_MS / 1000} s${describeHolders(holders, transactions)}`,
    )
  })
  await timed(run, 'catchUp', () => catchUp(run))
  assertGoingOn(deps)
  const mayLookUntil = pausedAt + RESUME_BY_MS
  const primary = await timed(run, 'promote', () => promote(run, mayLookUntil))
  await timed(run, 'prove', async () => {
    await deps.routers.lead(primary)
    await until(deps, mayLookUntil, async () =>
      (await deps.routers.notLeadingTo(primary)).join('; '),
    )
    await until(deps, mayLookUntil, deps.routers.proofOf(primary))
  })
}

/** Nobody writes any more, so what the primary has flushed now is all that the candidate must have. */
async function catchUp({ deps, from, to }: Run): Promise<void> {
  const deadline = deps.clock.now() + CATCH_UP_DEADLINE_MS
  try {
    const wanted = await deps.members.flushedLsn(from)
    for (;;) {
      const has = await deps.members.flushedLsn(to)
      if (!isBehind(has, wanted)) return
      if (deps.clock.now() > deadline)
        throw abort(`${to} has ${has} and still lacks what ${from} has written up to ${wanted}`)
      await deps.clock.sleep(LOOK_EVERY_MS)
    }
  } catch (thrown) {
    const error = toPlatformError(thrown)
    throw error.code === 'CONFLICT' ? error : abort(error.message)
  }
}

/**
 * Asks the leader itself, and does not wait for its answer, which comes with the second: only a refusal is of use.
 * Returns who is the primary.
 */
async function promote(run: Run, deadline: number): Promise<string> {
  const { deps, from, to } = run
  let refusal: PlatformError | undefined
  let isTakenBack = false
  deps.patroni.switchover(from, to).then(
    ({ status, words }) => {
      if (status >= 300) refusal = abort(`Patroni of ${from} refused (${status}): ${words}`)
    },
    (thrown: unknown) => {
      // Once it was sent, only the cluster can say what came of it.
      if (wasNotSent(thrown)) refusal = abort(`Patroni of ${from} is not reachable`)
    },
  )
  let primary = from
  await until(deps, deadline, async () => {
    if (run.runners.length > 1 && !isTakenBack && (await deps.members.isStopping(from))) {
      await takeBackRequest(run)
      isTakenBack = true
    }
    const { leader } = await readLeader(deps.kv, deps.cluster)
    if (leader === null || leader === from) {
      if (refusal !== undefined && !isTakenBack) throw refusal
      return `nobody took the lock of ${from}`
    }
    primary = leader
    return (await deps.members.isInRecovery(leader).catch(() => true))
      ? `${leader} was not promoted`
      : ''
  })
  return primary
}

/**
 * The old primary has read the request and is going down; nobody else needs it. Without it the standbys race as after a
 * failure, by position and quorum. Only the request that we made ourselves.
 */
async function takeBackRequest({ deps, from, to }: Run): Promise<void> {
  const key = patroniKeys(deps.cluster).failover
  const value = JSON.stringify({ leader: from, member: to })
  await deps.kv.transaction([{ key, value }], [{ delete: key }])
}

const wasNotSent = (thrown: unknown): boolean => {
  const code = (thrown as { code?: unknown } | null)?.code
  return code === 'ECONNREFUSED' || code === 'EHOSTUNREACH' || code === 'UND_ERR_CONNECT_TIMEOUT'
}

/** Looks until there is no obstacle left, or the deadline, which cuts off a look that is under way: clients are waiting. */
async function until(
  deps: PlannedDeps,
  deadline: number,
  obstacle: () => Promise<string>,
): Promise<void> {
  for (;;) {
    const leftMs = Math.max(1, Math.ceil(deadline - deps.clock.now()))
    const words = await unlessAborted(
      obstacle(),
      [AbortSignal.timeout(leftMs)],
      () => new PlatformError('NOT_HEALTHY_IN_TIME', `not proven ${WITHIN}`),
    )
    if (words === '') return
    if (deps.clock.now() > deadline)
      throw new PlatformError('NOT_HEALTHY_IN_TIME', `${words} ${WITHIN}`)
    await deps.clock.sleep(LOOK_EVERY_MS)
  }
}

async function timed<T>(
  { deps, steps }: Pick<Run, 'deps' | 'steps'>,
  step: SwitchoverStep,
  work: () => Promise<T>,
): Promise<T> {
  const startedAt = deps.clock.now()
  try {
    return await runStep(deps.progress, STEPS[step], work)
  } finally {
    steps.push({ step, ms: deps.clock.now() - startedAt })
  }
}

function assertGoingOn({ signal }: PlannedDeps): void {
  if (signal.aborted)
    throw new PlatformError('INTERRUPTED', 'the switchover was interrupted before anything changed')
}

const abort = (words: string): PlatformError =>
  new PlatformError('CONFLICT', `the switchover was given up, and nothing changed: ${words}`, {
    hint: 'Clients are no longer held. Try again when the reason is gone.',
  })

function refuse(deps: PlannedDeps, reasons: readonly string[]): PlatformError {
  const shown = reasons.length === 1 ? ` ${reasons[0] ?? ''}` : `\n  ${reasons.join('\n  ')}`
  note(deps, 'switchover.refused', reasons.join('; '), { evidence: { reasons: [...reasons] } })
  return new PlatformError('REFUSED_FOR_SAFETY', `no switchover now:${shown}`, {
    hint: 'Nothing was touched.',
    details: { reasons },
  })
}

function noteDone(
  deps: PlannedDeps,
  record: SwitchoverRecord,
  { from, to, stallMs, steps }: SwitchoverResult,
  why: string,
): void {
  const waited = Math.round(stallMs)
  note(
    deps,
    'switchover.done',
    `${to} is the primary instead of ${from}; clients waited ${waited} ms`,
    { target: to, evidence: { ...record, to, why, stallMs: waited, steps: roundedSteps(steps) } },
  )
}

function note(
  { record, actor }: PlannedDeps,
  kind: string,
  summary: string,
  rest: Omit<NewEvent, 'kind' | 'summary'>,
): void {
  record({ kind, summary, actor, ...rest })
}
