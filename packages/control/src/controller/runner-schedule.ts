/**
 * Has a container that rests do what is asked of it or due: one look at etcd every few seconds, a pure decision, and what
 * follows, as the active controller or not at all. What it is about (backups, restore tests) is its {@link RunnerWork}.
 */
import { coordinationKeys, type NewEvent } from '@neuronha/core/contracts/coordination.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Engine } from '../engine/engine.ts'
import type { KeyValue, Kv, Operation } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import type { RunnerDecision, RunnerView } from './decide-runner.ts'
import { RestingRunner } from './resting-runner.ts'
import { Turns } from '@neuronha/runtime/turns.ts'

/** What every decision needs to know. */
export interface ScheduleView extends RunnerView {
  /** Milliseconds since 1970. */
  readonly nowMs: number
  /** Since when this controller is the active one, milliseconds since 1970. */
  readonly activeSinceMs: number
  /** Somebody changes the cluster. */
  readonly isBusy: boolean
  readonly request: { readonly id: string; readonly by: string } | null
}

export type Found = ReadonlyMap<string, KeyValue>

export interface RunnerWork<View extends ScheduleView, Due extends { readonly kind: 'request' }> {
  /** `backups`, for the log. */
  readonly what: string
  /** How the kinds of its events begin. */
  readonly kind: string
  readonly requestKey: string
  /** What else is read in the same look. */
  readonly keys: readonly string[]
  readonly viewOf: (found: Found, common: Omit<ScheduleView, 'request'>) => View
  /** Is anything due? Nobody is asked about a runner that is not wanted. */
  readonly isDue: (view: View) => boolean
  readonly decide: (view: View) => RunnerDecision | Due
  /** What is written when something is due: the request, and that its time is heeded. */
  readonly request: (due: Due, view: View) => Promise<readonly Operation[]>
  /** What is not done, in the words of an event. */
  readonly lost: (view: View) => string
  /** What is written when it is given up, beside the request’s end. */
  readonly givenUp: (view: View, why: string) => readonly Operation[]
}

export interface RunnerScheduleOptions {
  readonly cluster: string
  readonly kv: Kv
  readonly engine: Pick<Engine, 'inspect' | 'start' | 'stop'>
  readonly lease: { spareMs(): number; createRevision(): string | undefined }
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
  /** Wall clock, milliseconds since 1970. */
  readonly now?: () => number
}

export interface RunnerSchedule {
  start(): void
  close(): Promise<void>
  /** One look, and what follows from it. Never rejects. */
  turn(): Promise<void>
}

const LOOK_EVERY_MS = 5000
const STOP_GRACE_SECONDS = 30

export function createRunnerSchedule<
  View extends ScheduleView,
  Due extends { readonly kind: 'request' },
>(container: string, work: RunnerWork<View, Due>, options: RunnerScheduleOptions): RunnerSchedule {
  const { kv, engine, lease, events, logger, now = Date.now } = options
  const { active, operation, maintenance } = coordinationKeys(options.cluster)
  const runner = new RestingRunner({ engine, lease, container, now })
  let activeSinceMs: number | null = null

  const look = async (sinceMs: number): Promise<View> => {
    const keys = [work.requestKey, operation, maintenance, ...work.keys]
    const { kvs } = await kv.read(keys.map((key) => ({ key })))
    const found: Found = new Map(kvs.map((kv) => [kv.key, kv]))
    const common = {
      nowMs: now(),
      activeSinceMs: sinceMs,
      inMaintenance: found.has(maintenance),
      isBusy: found.has(operation),
      runner: { kind: 'resting' } as const,
    }
    const { request } = work.viewOf(found, { ...common, ...runner.tried() })
    runner.about(request?.id ?? null)
    const view = work.viewOf(found, { ...common, ...runner.tried() })
    const isWanted = request !== null || work.isDue(view)
    return isWanted ? { ...view, runner: await runner.look() } : view
  }
  /** As the active controller, or not at all. */
  const write = async (own: string, operations: readonly Operation[], isNew: boolean) => {
    const absent = isNew ? [{ key: work.requestKey, createRevision: '0' }] : []
    const compares = [{ key: active, createRevision: own }, ...absent]
    return (await kv.transaction(compares, operations)).succeeded
  }
  const warn = (event: Pick<NewEvent, 'kind' | 'summary' | 'target'>): void =>
    events.record({ ...event, severity: 'warning' })

  const act = async (decision: RunnerDecision | Due, own: string, view: View): Promise<void> => {
    switch (decision.kind) {
      case 'nothing':
        return
      case 'request':
        await write(own, await work.request(decision, view), true)
        return
      case 'start':
        return runner.start()
      case 'give-up':
        if (
          !(await write(
            own,
            [...work.givenUp(view, decision.why), { delete: work.requestKey }],
            false,
          ))
        )
          return
        warn({ kind: `${work.kind}.failed`, summary: `no ${work.lost(view)}: ${decision.why}` })
        return
      case 'stop':
        if (!runner.mayStop()) return
        warn({
          kind: `${work.kind}.stopped`,
          target: container,
          summary: `${work.lost(view)} is stopped: ${decision.why}`,
        })
        return runner.stop(STOP_GRACE_SECONDS)
    }
  }
  const turns = new Turns({
    everyMs: LOOK_EVERY_MS,
    what: `the schedule of ${work.what} cannot be heeded`,
    logger,
    turn: async () => {
      const own = lease.createRevision()
      if (own === undefined) {
        activeSinceMs = null
        runner.about(null)
        return
      }
      activeSinceMs ??= now()
      const view = await look(activeSinceMs)
      await act(work.decide(view), own, view)
    },
  })
  return { start: () => turns.start(), close: () => turns.close(), turn: () => turns.take() }
}
