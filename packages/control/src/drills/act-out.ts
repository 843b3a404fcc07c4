/**
 * One act from its note in the finaliser to its heal: hold, inject, keep, heal, release. Drills run one of these, a
 * soak several at once.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { takeHolds, type HeldContainers } from '../coordination/holds.ts'
import type { DrillDeps } from './drill-deps.ts'
import type { HealBook } from './finaliser.ts'
import { heal } from './heal.ts'
import type { Act, Stage } from './scenarios/scenario.ts'

export interface ActOutOptions {
  /** The drill's name, for the hold and the record. */
  readonly id: string
  readonly deps: Pick<
    DrillDeps,
    'kv' | 'spec' | 'progress' | 'containers' | 'runCommand' | 'observe' | 'copies'
  >
  readonly book: HealBook
  readonly nowMs: () => number
  /** What was acknowledged until now. */
  readonly ledger: () => Promise<readonly LedgerLine[]>
  readonly signal: AbortSignal
}

export interface ActedOut {
  readonly faultAtMs: number
  readonly healedAtMs: number | null
  readonly timeline: readonly TimelineEvent[]
}

/**
 * Returns when the fault has been made and, where the drill heals it, been healed.
 *
 * @throws PlatformError ENGINE_FAILED when the heal did not do all of its work.
 */
export async function actOut(act: Act, options: ActOutOptions): Promise<ActedOut> {
  const timeline: TimelineEvent[] = []
  const { faultAtMs, healedAtMs } = await actOnStage(act, options, timeline)
  return { faultAtMs, healedAtMs, timeline }
}

async function actOnStage(
  act: Act,
  options: ActOutOptions,
  timeline: TimelineEvent[],
): Promise<Omit<ActedOut, 'timeline'>> {
  const { id, deps, book, nowMs, signal } = options
  const stage = createStage(options, timeline)
  await book.note(id, act.heal)
  const held = await holdFor(act, options)
  try {
    signal.throwIfAborted()
    deps.progress.say(`  ${act.what}`)
    await act.prepare?.(stage)
    const faultAtMs = Math.round(nowMs())
    stage.note(act.what)
    await act.inject(stage)
    if (act.keepMs === undefined) return { faultAtMs, healedAtMs: null }

    await stage.sleep(act.keepMs)
    await held?.release()
    await healOrThrow(act, deps)
    await book.strikeOut(id)
    if (act.heal.length > 0) stage.note(`healed by the drill: ${act.target}`)
    return { faultAtMs, healedAtMs: Math.round(nowMs()) }
  } finally {
    await held?.release()
  }
}

function createStage(options: ActOutOptions, timeline: TimelineEvent[]): Stage {
  const { id, deps, nowMs, signal, ledger } = options
  return {
    nowMs,
    note: (what) => timeline.push({ atMs: Math.round(nowMs()), what, source: 'drill' }),
    signal,
    sleep: (ms) => sleep(ms, undefined, { signal }),
    observe: deps.observe,
    ledger,
    act: async (innerId, inner) => {
      await actOnStage(inner, { ...options, id: `${id} ${innerId}` }, timeline)
    },
  }
}

const holdFor = (
  { holds, what }: Act,
  { id, deps }: ActOutOptions,
): Promise<HeldContainers | undefined> =>
  holds === undefined
    ? Promise.resolve(undefined)
    : takeHolds(deps.kv, deps.spec.name, {
        noStart: true,
        noFence: false,
        ...holds,
        by: `drill ${id}`,
        why: what,
      })

async function healOrThrow(act: Act, deps: ActOutOptions['deps']): Promise<void> {
  const problems = await heal(act.heal, deps)
  if (problems.length > 0) throw new PlatformError('ENGINE_FAILED', problems.join('; '))
}
