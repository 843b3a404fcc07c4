/**
 * How a pool comes back to a server that turns its connections away: one at a time, with a growing pause, while
 * everybody else waits. A pool that opens one for each request that is tried again was seen to spend half a processor on
 * handshakes that end in a refusal, which the election then lacked.
 *
 *   open ──(turned away)──▶ closed ──(pause over)──▶ one may try ──(served)───────▶ open, for all who wait
 *                             ▲                                   └─(turned away)─┐
 *                             └──────────────────── a longer pause ◀─────────────┘
 */
const FIRST_PAUSE_MS = 50
const LONGEST_PAUSE_MS = 500

export class Reopening {
  readonly #waiters: (() => void)[] = []
  /** 0: open. */
  #pauseMs = 0
  #timer: NodeJS.Timeout | undefined
  #mayOneTry = false

  /** Resolves to true when a connection may be opened, whose end must be told; or to false after `withinMs`. */
  pass(withinMs: number): Promise<boolean> {
    if (this.#pauseMs === 0) return Promise.resolve(true)
    if (this.#mayOneTry) {
      this.#mayOneTry = false
      return Promise.resolve(true)
    }
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.#waiters.splice(this.#waiters.indexOf(grant), 1)
        resolve(false)
      }, withinMs)
      const grant = (): void => {
        clearTimeout(timer)
        resolve(true)
      }
      this.#waiters.push(grant)
    })
  }

  served(): void {
    if (this.#pauseMs === 0) return
    this.#pauseMs = 0
    this.#mayOneTry = false
    clearTimeout(this.#timer)
    for (const grant of this.#waiters.splice(0)) grant()
  }

  turnedAway(): void {
    this.#pauseMs = Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2))
    this.#mayOneTry = false
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#letOneTry(), this.#pauseMs)
  }

  /** No answer at all: says nothing while open; the one who tried must make room for the next. */
  silent(): void {
    if (this.#pauseMs > 0) this.turnedAway()
  }

  #letOneTry(): void {
    const grant = this.#waiters.shift()
    if (grant === undefined) this.#mayOneTry = true
    else grant()
  }
}
