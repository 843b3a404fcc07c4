/** Asks for the drills of the schedule and starts their runner; decide-drills.ts decides. The active controller alone acts. */
import { coordinationKeys, type DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { randomUUID } from 'node:crypto'
import { parseDrillRequest, parseHandledUntil } from '../coordination/drill-requests.ts'
import { parseOperation } from '../coordination/operation.ts'
import type { Engine } from '../engine/engine.ts'
import type { KeyValue, Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { decideDrills, type DrillsDecision, type DrillsView } from './decide-drills.ts'
import { RestingRunner } from './resting-runner.ts'
import { Turns } from '@neuronha/runtime/turns.ts'

export interface DrillScheduleOptions {
  readonly cluster: string
  readonly drills: {
    readonly schedule: string
    readonly scenarios: readonly string[]
    readonly runner: string
  }
  readonly kv: Kv
  readonly engine: Pick<Engine, 'inspect' | 'start' | 'stop'>
  readonly lease: { spareMs(): number; createRevision(): string | undefined }
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
  /** Wall clock, milliseconds since 1970. */
  readonly now?: () => number
}

const LOOK_EVERY_MS = 5000
/** Asked to end, the runner mends what it broke. */
const STOP_GRACE_SECONDS = 90

export class DrillSchedule {
  readonly #options: DrillScheduleOptions
  readonly #keys: ReturnType<typeof coordinationKeys>
  readonly #now: () => number
  readonly #runner: RestingRunner
  readonly #turns: Turns

  constructor(options: DrillScheduleOptions) {
    const { engine, lease, logger, drills } = options
    this.#options = options
    this.#keys = coordinationKeys(options.cluster)
    this.#now = options.now ?? (() => Date.now())
    this.#runner = new RestingRunner({ engine, lease, container: drills.runner, now: this.#now })
    this.#turns = new Turns({
      everyMs: LOOK_EVERY_MS,
      turn: () => this.#turn(),
      what: 'the schedule of drills cannot be heeded',
      logger,
    })
  }

  start(): void {
    this.#turns.start()
  }

  close(): Promise<void> {
    return this.#turns.close()
  }

  /** One look, and what follows from it. Never rejects. */
  turn(): Promise<void> {
    return this.#turns.take()
  }

  async #turn(): Promise<void> {
    const own = this.#options.lease.createRevision()
    if (own === undefined) {
      this.#runner.about(null)
      return
    }
    const view = await this.#look()
    await this.#act(decideDrills(view), own, view)
  }

  async #look(): Promise<DrillsView> {
    const { kv, drills } = this.#options
    const {
      drillSchedule,
      drillRequest: requestKey,
      drillUnfinished,
      operation,
      maintenance,
    } = this.#keys
    const { kvs } = await kv.read(
      [drillSchedule, requestKey, drillUnfinished, operation, maintenance].map((key) => ({ key })),
    )
    const found = new Map(kvs.map((kv) => [kv.key, kv]))
    const nowMs = this.#now()
    // What cannot be read counts as never heeded: the schedule then begins anew from now.
    const handledUntilMs = parseHandledUntil(found.get(drillSchedule)?.value)
    const request = requestOf(found.get(requestKey))
    const isUnfinished = found.has(drillUnfinished)
    // What a drill left is mended with the request that it died over.
    this.#runner.about(request === null && !isUnfinished ? null : 'drills')
    const isAsked =
      request !== null || isUnfinished || isDue(drills.schedule, handledUntilMs ?? nowMs, nowMs)
    const holder = parseOperation(found.get(operation)?.value)
    return {
      nowMs,
      schedule: drills.schedule,
      handledUntilMs,
      request,
      isUnfinished,
      // Nobody is asked about a runner that is not wanted.
      runner: isAsked ? await this.#runner.look() : { kind: 'resting' },
      ...this.#runner.tried(),
      inMaintenance: found.has(maintenance),
      busyWith: holder === undefined ? null : `${holder.what} (${holder.by})`,
      isHeldByRunner: holder?.by === drills.runner,
    }
  }

  async #act(decision: DrillsDecision, own: string, view: DrillsView): Promise<void> {
    switch (decision.kind) {
      case 'nothing':
        return
      case 'remember':
        return this.#remember(decision.missed, own, view)
      case 'request':
        return this.#request(decision.dueMs, own)
      case 'start':
        return this.#runner.start()
      case 'give-up':
        return this.#giveUp(decision.why, own, view)
      case 'stop':
        if (!this.#runner.mayStop()) return
        this.#options.events.record({
          kind: 'drill.stopped',
          severity: 'warning',
          target: this.#options.drills.runner,
          summary: `the drills are stopped: ${decision.why}`,
        })
        return this.#runner.stop(STOP_GRACE_SECONDS)
    }
  }

  /** Everything here is written as the active controller, or not at all. */
  async #write(
    own: string,
    compares: Parameters<Kv['transaction']>[0],
    operations: Parameters<Kv['transaction']>[1],
  ): Promise<boolean> {
    const { succeeded } = await this.#options.kv.transaction(
      [{ key: this.#keys.active, createRevision: own }, ...compares],
      operations,
    )
    return succeeded
  }

  #handled(untilMs: number): { readonly put: string; readonly value: string } {
    const value = { handledUntil: new Date(untilMs).toISOString() }
    return { put: this.#keys.drillSchedule, value: JSON.stringify(value) }
  }

  async #remember(missed: string | null, own: string, { nowMs }: DrillsView): Promise<void> {
    if (!(await this.#write(own, [], [this.#handled(nowMs)])) || missed === null) return
    this.#recordSkipped(missed)
  }

  async #request(dueMs: number, own: string): Promise<void> {
    const { drills, events } = this.#options
    const request: DrillRequest = {
      id: randomUUID(),
      scenarios: [...drills.scenarios],
      done: [],
      by: 'schedule',
      requestedAt: new Date(this.#now()).toISOString(),
    }
    const isAsked = await this.#write(
      own,
      [{ key: this.#keys.drillRequest, createRevision: '0' }],
      [{ put: this.#keys.drillRequest, value: JSON.stringify(request) }, this.#handled(dueMs)],
    )
    if (!isAsked) return
    events.record({
      kind: 'drill.due',
      summary: `drills are due: ${drills.scenarios.join(', ')}`,
      evidence: { schedule: drills.schedule, dueAt: new Date(dueMs).toISOString() },
    })
  }

  async #giveUp(why: string, own: string, { request }: DrillsView): Promise<void> {
    if (!(await this.#write(own, [], [{ delete: this.#keys.drillRequest }]))) return
    this.#recordSkipped(why, request?.scenarios)
  }

  #recordSkipped(why: string, scenarios = this.#options.drills.scenarios): void {
    this.#options.events.record({
      kind: 'drill.skipped',
      severity: 'warning',
      summary: `drills do not run (${scenarios.join(', ')}): ${why}`,
    })
  }
}

const isDue = (schedule: string, afterMs: number, nowMs: number): boolean =>
  (nextAfter(schedule, afterMs) ?? Infinity) <= nowMs

/** A request that this code cannot read is one all the same: the runner takes it away. */
const requestOf = (found: KeyValue | undefined): DrillRequest | null => {
  if (found === undefined) return null
  const unreadable: DrillRequest = {
    id: '',
    scenarios: [],
    done: [],
    by: 'unknown',
    requestedAt: '',
  }
  return parseDrillRequest(found.value) ?? unreadable
}
