/** Starts again what was stopped or killed: asks the engine what stands still, decides (decide-repair.ts), starts. */
import type { Hold } from '@neuronha/core/contracts/coordination.ts'
import { isFenceOpen } from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { COMPONENTS, isResting } from '@neuronha/core/topology/containers.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Engine } from '../engine/engine.ts'
import type { EventLog } from '../events/event-log.ts'
import type { CoordinationView } from './coordination-view.ts'
import { LEASE_SPARE_MS } from './decide-fence.ts'
import { containersToStart, type StoppedContainer } from './decide-repair.ts'

export interface RepairLoopOptions {
  readonly engine: Pick<Engine, 'list' | 'inspect' | 'start'>
  readonly lease: { isActive(): boolean; spareMs(): number }
  readonly events: Pick<EventLog, 'record'>
  readonly logger: Pick<Logger, 'warn'>
  readonly now: () => number
}

const CALM_MS = 3000
const ALERT_MS = 400
/** A container that ran for so long starts with a clean slate when it stops again. */
const FORGIVEN_AFTER_MS = 60_000
/** A view of etcd that is older is no ground to start a member on. */
const VIEW_FRESH_MS = 2000

interface Tracked {
  readonly component: string
  stoppedAt: number | null
  runningSince: number | null
  tries: number
  triedAt: number | null
  isStarting: boolean
}

export class RepairLoop {
  readonly #options: RepairLoopOptions
  readonly #tracked = new Map<string, Tracked>()
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false
  #view: CoordinationView | undefined
  #leaderlessSince: number | null = null
  #lastTrouble = ''

  constructor(options: RepairLoopOptions) {
    this.#options = options
  }

  start(): void {
    this.#schedule(0)
  }

  wake(): void {
    this.#schedule(0)
  }

  /** What etcd said last. */
  noteView(view: CoordinationView): void {
    this.#view = view
    if (view.snapshot.leader !== null) this.#leaderlessSince = null
    else this.#leaderlessSince ??= view.snapshot.seenAt
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  #schedule(afterMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.#turn.then(() => this.#runTurn())
    }, afterMs)
  }

  async #runTurn(): Promise<void> {
    let nextMs = CALM_MS
    try {
      nextMs = await this.#look()
      this.#lastTrouble = ''
    } catch (thrown) {
      const { message } = toPlatformError(thrown)
      if (message !== this.#lastTrouble)
        this.#options.logger.warn({ err: thrown }, 'the engine does not say what runs')
      this.#lastTrouble = message
    }
    this.#schedule(nextMs)
  }

  async #look(): Promise<number> {
    const { lease, engine, now } = this.#options
    const view = this.#view
    if (!lease.isActive() || view === undefined) {
      this.#tracked.clear()
      this.#leaderlessSince = null
      return CALM_MS
    }
    for (const { name, component, state } of await engine.list())
      if (COMPONENTS.some((known) => known === component) && !isResting(component))
        this.#track(name, component, state)
    const at = now()
    const isFresh = at - view.snapshot.seenAt < VIEW_FRESH_MS
    const stopped = this.#stopped(at, view.snapshot.askedAt)
    const chosen = containersToStart({
      inMaintenance: view.maintenance !== null,
      isFenceOpen: view.record !== null && isFenceOpen(view.record),
      holds: view.holds,
      snapshot: isFresh ? view.snapshot : null,
      leaderlessMs: this.#leaderlessSince === null ? null : at - this.#leaderlessSince,
      stopped,
    })
    for (const name of chosen) void this.#startOne(name)
    return stopped.some(({ name }) => isWanted(name, view.holds)) ? ALERT_MS : CALM_MS
  }

  #track(name: string, component: string, state: string): void {
    const at = this.#options.now()
    const known: Tracked = this.#tracked.get(name) ?? {
      component,
      stoppedAt: null,
      runningSince: null,
      tries: 0,
      triedAt: null,
      isStarting: false,
    }
    this.#tracked.set(name, known)
    if (state === 'exited' || state === 'dead') {
      known.stoppedAt ??= at
      known.runningSince = null
      return
    }
    known.stoppedAt = null
    known.runningSince ??= at
    if (at - known.runningSince >= FORGIVEN_AFTER_MS) known.tries = 0
  }

  #stopped(at: number, viewAskedAt: number): readonly StoppedContainer[] {
    return [...this.#tracked].flatMap(
      ([name, { component, stoppedAt, tries, triedAt, isStarting }]) =>
        stoppedAt === null || isStarting
          ? []
          : [
              {
                name,
                component,
                stoppedForMs: at - stoppedAt,
                isViewLater: viewAskedAt >= stoppedAt,
                tries,
                sinceLastTryMs: triedAt === null ? null : at - triedAt,
              },
            ],
    )
  }

  async #startOne(name: string): Promise<void> {
    const known = this.#tracked.get(name)
    const { lease, engine, events, now } = this.#options
    if (known === undefined || lease.spareMs() < LEASE_SPARE_MS) return
    known.isStarting = true
    known.tries += 1
    known.triedAt = now()
    const stoppedForMs = known.stoppedAt === null ? 0 : Math.round(now() - known.stoppedAt)
    try {
      await engine.start(name)
      events.record({
        kind: 'repair.started',
        severity: 'warning',
        target: name,
        summary: `${name} was stopped and is started again`,
        evidence: { stoppedForMs, tries: known.tries },
      })
    } catch (thrown) {
      if (await this.#isRemoved(name)) return
      events.record({
        kind: 'repair.start-failed',
        severity: 'critical',
        target: name,
        summary: `${name} does not start: ${toPlatformError(thrown).message}`,
        evidence: { stoppedForMs, tries: known.tries },
      })
    } finally {
      known.isStarting = false
      known.stoppedAt = null
    }
  }

  /** Somebody stopped it in order to remove it: nothing is wrong with it. */
  async #isRemoved(name: string): Promise<boolean> {
    const answer = await this.#options.engine.inspect(name).then(
      (found) => ({ found }),
      () => null,
    )
    if (answer === null || answer.found !== undefined) return false
    this.#tracked.delete(name)
    return true
  }
}

const isWanted = (name: string, holds: ReadonlyMap<string, Hold>): boolean =>
  holds.get(name)?.noStart !== true
