/** Asks for the drills of the schedule and starts their runner; decide-drills.ts decides. The active controller alone acts. */
import { coordinationKeys, type DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { randomUUID } from 'node:crypto'
import { parseDrillRequest, parseHandledUntil } from '../coordination/drill-requests.ts'
import { parseOperation } from '../coordination/operation.ts'
import type { Engine } from '../engine/engine.ts'
import type { KeyValue, Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { LEASE_SPARE_MS } from '../failover/decide-fence.ts'
import {
  decideDrills,
  type DrillsDecision,
  type DrillsView,
  type RunnerState,
} from './decide-drills.ts'

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
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false
  #tries = 0
  #triedAt: number | null = null
  #lastTrouble = ''

  constructor(options: DrillScheduleOptions) {
    this.#options = options
    this.#keys = coordinationKeys(options.cluster)
    this.#now = options.now ?? (() => Date.now())
  }

  start(): void {
    this.#schedule(LOOK_EVERY_MS)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  #schedule(afterMs: number): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.turn().finally(() => this.#schedule(LOOK_EVERY_MS))
    }, afterMs)
  }

  /** One look, and what follows from it. Never rejects. */
  async turn(): Promise<void> {
    const own = this.#options.lease.createRevision()
    if (own === undefined) {
      this.#tries = 0
      this.#triedAt = null
      return
    }
    try {
      const view = await this.#look()
      await this.#act(decideDrills(view), own, view)
      this.#lastTrouble = ''
    } catch (thrown) {
      const { message } = toPlatformError(thrown)
      if (message !== this.#lastTrouble)
        this.#options.logger.warn({ err: thrown }, 'the schedule of drills cannot be heeded')
      this.#lastTrouble = message
    }
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
    if (request === null && !isUnfinished) {
      this.#tries = 0
      this.#triedAt = null
    }
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
      runner: isAsked ? await this.#lookAtRunner() : { kind: 'resting' },
      tries: this.#tries,
      sinceLastTryMs: this.#triedAt === null ? null : nowMs - this.#triedAt,
      inMaintenance: found.has(maintenance),
      busyWith: holder === undefined ? null : `${holder.what} (${holder.by})`,
      isHeldByRunner: holder?.by === drills.runner,
    }
  }

  async #lookAtRunner(): Promise<RunnerState> {
    const seen = await this.#options.engine.inspect(this.#options.drills.runner)
    if (seen === undefined) return { kind: 'absent' }
    if (!seen.running) return { kind: 'resting' }
    return { kind: 'running', forMs: this.#now() - Date.parse(seen.startedAt) }
  }

  async #act(decision: DrillsDecision, own: string, view: DrillsView): Promise<void> {
    const { engine, drills, lease } = this.#options
    switch (decision.kind) {
      case 'nothing':
        return
      case 'remember':
        return this.#remember(decision.missed, own, view)
      case 'request':
        return this.#request(decision.dueMs, own)
      case 'start':
        if (lease.spareMs() < LEASE_SPARE_MS) return
        this.#tries += 1
        this.#triedAt = this.#now()
        return engine.start(drills.runner)
      case 'give-up':
        return this.#giveUp(decision.why, own, view)
      case 'stop':
        if (lease.spareMs() < LEASE_SPARE_MS) return
        this.#options.events.record({
          kind: 'drill.stopped',
          severity: 'warning',
          target: drills.runner,
          summary: `the drills are stopped: ${decision.why}`,
        })
        return engine.stop(drills.runner, STOP_GRACE_SECONDS)
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
