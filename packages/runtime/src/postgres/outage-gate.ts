/**
 * Who asks whether the primary is back. While it is away PgBouncer closes each client connection that asks
 * ("server login has been failing"), so that every try costs a TLS handshake and a login on both sides; a
 * hundred waiting requests that each try on their own keep the machine busy that should be failing over.
 *
 * open  everybody passes.
 * away  one caller at a time is the scout, at most one every 100 ms; the others wait. When a scout gets an
 *       answer from the primary the gate opens for all.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '../clock.ts'

const SCOUT_INTERVAL_MS = 100

export type Pass = 'ordinary' | 'scout'
/** What a passage told about the primary; unknown: it failed for another reason. */
export type Verdict = 'up' | 'away' | 'unknown'

export class OutageGate {
  readonly #waiters = new Set<() => void>()
  #isAway = false
  #isScouting = false
  #lastScoutAt = -Infinity

  get isAway(): boolean {
    return this.#isAway
  }

  get waiting(): number {
    return this.#waiters.size
  }

  /** Resolves when the caller may try; every passage ends with `report`. Rejects when `signal` aborts. */
  async pass(signal: AbortSignal): Promise<Pass> {
    while (this.#isAway) {
      if (!this.#isScouting) return this.#becomeScout(signal)
      await this.#change(signal)
    }
    return 'ordinary'
  }

  report(pass: Pass, verdict: Verdict): void {
    if (pass === 'scout') this.#isScouting = false
    if (verdict === 'away') this.#isAway = true
    if (verdict === 'up') this.#isAway = false
    if (pass === 'scout' || verdict === 'up') this.#wakeAll()
  }

  async #becomeScout(signal: AbortSignal): Promise<Pass> {
    this.#isScouting = true
    const waitMs = this.#lastScoutAt + SCOUT_INTERVAL_MS - performance.now()
    try {
      if (waitMs > 0) await sleep(waitMs, signal)
    } catch {
      this.report('scout', 'unknown')
      throw tooLate()
    }
    this.#lastScoutAt = performance.now()
    return 'scout'
  }

  #change(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const settle = (then: () => void): void => {
        this.#waiters.delete(wake)
        signal.removeEventListener('abort', onAbort)
        then()
      }
      const wake = (): void => settle(resolve)
      const onAbort = (): void => settle(() => reject(tooLate()))
      if (signal.aborted) {
        reject(tooLate())
        return
      }
      signal.addEventListener('abort', onAbort, { once: true })
      this.#waiters.add(wake)
    })
  }

  #wakeAll(): void {
    for (const wake of [...this.#waiters]) wake()
  }
}

const tooLate = (): PlatformError =>
  new PlatformError('DATABASE_UNAVAILABLE', 'The primary did not come back in time')
