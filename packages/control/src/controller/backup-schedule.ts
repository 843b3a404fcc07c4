/** Asks for the backups of the schedules and starts their runner; decide-backups.ts decides. The active controller alone acts. */
import type {
  BackupRequest,
  BackupScheduleState,
  BackupTask,
} from '@neuronha/core/contracts/backups.ts'
import { coordinationKeys } from '@neuronha/core/contracts/coordination.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { randomUUID } from 'node:crypto'
import { parseBackupRequest, parseBackupSchedule } from '../coordination/backup-records.ts'
import type { Engine } from '../engine/engine.ts'
import type { KeyValue, Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import {
  decideBackups,
  dueSince,
  type BackupsDecision,
  type BackupsView,
  type ScheduledTask,
} from './decide-backups.ts'
import { RestingRunner } from './resting-runner.ts'
import { Turns } from './turns.ts'

export interface BackupScheduleOptions {
  readonly cluster: string
  readonly backups: Readonly<Record<ScheduledTask, string>> & { readonly runner: string }
  readonly kv: Kv
  readonly engine: Pick<Engine, 'inspect' | 'start' | 'stop'>
  readonly lease: { spareMs(): number; createRevision(): string | undefined }
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
  /** Wall clock, milliseconds since 1970. */
  readonly now?: () => number
}

const LOOK_EVERY_MS = 5000
const STOP_GRACE_SECONDS = 30
const TASKS: readonly ScheduledTask[] = ['full', 'incremental', 'check']

export class BackupSchedule {
  readonly #options: BackupScheduleOptions
  readonly #keys: ReturnType<typeof coordinationKeys>
  readonly #now: () => number
  readonly #runner: RestingRunner
  readonly #turns: Turns
  #activeSinceMs: number | null = null

  constructor(options: BackupScheduleOptions) {
    const { engine, lease, logger, backups } = options
    this.#options = options
    this.#keys = coordinationKeys(options.cluster)
    this.#now = options.now ?? (() => Date.now())
    this.#runner = new RestingRunner({ engine, lease, container: backups.runner, now: this.#now })
    this.#turns = new Turns({
      everyMs: LOOK_EVERY_MS,
      turn: () => this.#turn(),
      what: 'the schedules of backups cannot be heeded',
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
      this.#activeSinceMs = null
      this.#runner.about(null)
      return
    }
    this.#activeSinceMs ??= this.#now()
    const view = await this.#look(this.#activeSinceMs)
    await this.#act(decideBackups(view), own, view)
  }

  async #look(activeSinceMs: number): Promise<BackupsView> {
    const { kv, backups } = this.#options
    const { backupSchedule, backupRequest, operation, maintenance } = this.#keys
    const { kvs } = await kv.read(
      [backupSchedule, backupRequest, operation, maintenance].map((key) => ({ key })),
    )
    const found = new Map(kvs.map((kv) => [kv.key, kv]))
    const request = requestOf(found.get(backupRequest))
    this.#runner.about(request?.id ?? null)
    const view: BackupsView = {
      nowMs: this.#now(),
      schedules: backups,
      // What cannot be read counts as never heeded: a full backup too many is better than one too few.
      handledUntil: parseBackupSchedule(found.get(backupSchedule)?.value),
      activeSinceMs,
      request,
      runner: { kind: 'resting' },
      ...this.#runner.tried(),
      inMaintenance: found.has(maintenance),
      isBusy: found.has(operation),
    }
    // Nobody is asked about a runner that is not wanted.
    const isAsked = request !== null || TASKS.some((task) => dueSince(task, view) !== null)
    return isAsked ? { ...view, runner: await this.#runner.look() } : view
  }

  async #act(decision: BackupsDecision, own: string, view: BackupsView): Promise<void> {
    const { backups, events } = this.#options
    switch (decision.kind) {
      case 'nothing':
        return
      case 'request':
        return this.#request(decision.task, decision.heeded, own, view)
      case 'start':
        return this.#runner.start()
      case 'give-up':
        return this.#giveUp(decision.why, own, view)
      case 'stop':
        if (!this.#runner.mayStop()) return
        events.record({
          kind: 'backup.stopped',
          severity: 'warning',
          target: backups.runner,
          summary: `the backup is stopped: ${decision.why}`,
        })
        return this.#runner.stop(STOP_GRACE_SECONDS)
    }
  }

  /** Everything here is written as the active controller, or not at all. */
  async #request(
    task: ScheduledTask,
    heeded: readonly ScheduledTask[],
    own: string,
    { nowMs, handledUntil }: BackupsView,
  ): Promise<void> {
    const { backupRequest: key, backupSchedule, active } = this.#keys
    const request: BackupRequest = {
      id: randomUUID(),
      task,
      by: 'schedule',
      requestedAt: new Date(nowMs).toISOString(),
    }
    // The others begin to count with the first backup.
    const until: Partial<Record<BackupTask, number>> = {
      incremental: nowMs,
      check: nowMs,
      ...handledUntil,
      ...Object.fromEntries(heeded.map((one) => [one, nowMs])),
    }
    const times = Object.entries(until).map(([one, ms]): [string, string] => [
      one,
      new Date(ms).toISOString(),
    ])
    const state: BackupScheduleState = { handledUntil: Object.fromEntries(times) }
    await this.#options.kv.transaction(
      [
        { key: active, createRevision: own },
        { key, createRevision: '0' },
      ],
      [
        { put: key, value: JSON.stringify(request) },
        { put: backupSchedule, value: JSON.stringify(state) },
      ],
    )
  }

  async #giveUp(why: string, own: string, { request }: BackupsView): Promise<void> {
    const { succeeded } = await this.#options.kv.transaction(
      [{ key: this.#keys.active, createRevision: own }],
      [{ delete: this.#keys.backupRequest }],
    )
    if (!succeeded) return
    this.#options.events.record({
      kind: 'backup.failed',
      severity: 'warning',
      summary: `no ${request?.task ?? ''} backup: ${why}`,
      evidence: { task: request?.task ?? null, by: request?.by ?? null },
    })
  }
}

/** A request that this code cannot read is one all the same: the runner takes it away. */
const requestOf = (found: KeyValue | undefined): BackupRequest | null =>
  found === undefined
    ? null
    : (parseBackupRequest(found.value) ?? {
        id: '',
        task: 'check',
        by: 'unknown',
        requestedAt: new Date(0).toISOString(),
      })
