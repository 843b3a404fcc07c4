/**
 * How much load the drills of one command make when nobody asked for a rate: as much as the cluster answers quickly,
 * 50 requests per second on each path at most. What was too much for one drill is not tried in the next.
 */
import { KEEPS_UP, WITH_ROOM, type SteadyTerms } from './steady.ts'

/** Requests per second. The gaps between them, 20 to 200 ms, are how finely an outage is seen. */
const RATES = [50, 25, 10, 5] as const

export class RateChoice {
  #index = 0

  get ratePerSecond(): number {
    return RATES[this.#index] ?? RATES[0]
  }

  /** The lowest rate gets the time that a rate gets which was asked for. */
  get terms(): SteadyTerms {
    return this.#index === RATES.length - 1 ? KEEPS_UP : WITH_ROOM
  }

  /** false: there is no lower one. */
  lower(): boolean {
    if (this.#index === RATES.length - 1) return false
    this.#index++
    return true
  }
}
