/** A container that rests until the active controller has work for it; decide-runner.ts says when it is started. */
import type { Engine } from '../engine/engine.ts'
import { LEASE_SPARE_MS } from '../failover/decide-fence.ts'
import type { RunnerState } from './decide-runner.ts'

export interface RestingRunnerOptions {
  readonly engine: Pick<Engine, 'inspect' | 'start' | 'stop'>
  readonly lease: { spareMs(): number }
  readonly container: string
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
}

export class RestingRunner {
  readonly #options: RestingRunnerOptions
  #work: string | null = null
  #tries = 0
  #triedAt: number | null = null

  constructor(options: RestingRunnerOptions) {
    this.#options = options
  }

  /** What it is to do; null: nothing. With other work the next start is a first one. */
  about(work: string | null): void {
    if (work === this.#work) return
    this.#work = work
    this.#tries = 0
    this.#triedAt = null
  }

  async look(): Promise<RunnerState> {
    const { engine, container, now } = this.#options
    const seen = await engine.inspect(container)
    if (seen === undefined) return { kind: 'absent' }
    if (!seen.running) return { kind: 'resting' }
    return { kind: 'running', forMs: now() - Date.parse(seen.startedAt) }
  }

  tried(): { readonly tries: number; readonly sinceLastTryMs: number | null } {
    const sinceLastTryMs = this.#triedAt === null ? null : this.#options.now() - this.#triedAt
    return { tries: this.#tries, sinceLastTryMs }
  }

  /** Nothing, when our lease is about to end. */
  async start(): Promise<void> {
    const { engine, lease, container, now } = this.#options
    if (lease.spareMs() < LEASE_SPARE_MS) return
    this.#tries += 1
    this.#triedAt = now()
    await engine.start(container)
  }

  /** @returns False: not now, our lease is about to end. */
  mayStop(): boolean {
    return this.#options.lease.spareMs() >= LEASE_SPARE_MS
  }

  stop(graceSeconds: number): Promise<void> {
    return this.#options.engine.stop(this.#options.container, graceSeconds)
  }
}
