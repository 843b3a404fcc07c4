/** A time limit that can be moved, ended by the caller's own signal too. */
export class Deadline {
  readonly #controller = new AbortController()
  readonly #endsAt: number
  readonly #outer: AbortSignal | undefined
  readonly #onOuterAbort = (): void => this.#controller.abort()
  #timer: NodeJS.Timeout

  constructor(ms: number, outer?: AbortSignal) {
    this.#endsAt = performance.now() + ms
    this.#timer = setTimeout(() => this.#controller.abort(), ms)
    this.#outer = outer
    if (outer?.aborted === true) this.#controller.abort()
    outer?.addEventListener('abort', this.#onOuterAbort, { once: true })
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  /** The caller's leaving no longer ends it. */
  detach(): void {
    this.#outer?.removeEventListener('abort', this.#onOuterAbort)
  }

  /** From now on at least `ms` are left, and the caller's leaving no longer ends it. */
  extend(ms: number): void {
    const left = Math.max(ms, this.#endsAt - performance.now())
    this.stop()
    this.#timer = setTimeout(() => this.#controller.abort(), left)
  }

  stop(): void {
    clearTimeout(this.#timer)
    this.detach()
  }
}
