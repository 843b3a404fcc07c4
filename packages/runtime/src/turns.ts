/** Takes one look after the other for as long as it runs, each with a pause after it. What fails is said once, and tried again. */
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Logger } from './logger.ts'

export interface TurnsOptions {
  readonly everyMs: number
  readonly turn: () => Promise<void>
  /** What cannot be done when a turn fails, for the log. */
  readonly what: string
  readonly logger: Pick<Logger, 'warn'>
}

export class Turns {
  readonly #options: TurnsOptions
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #isClosed = false
  #lastTrouble = ''

  constructor(options: TurnsOptions) {
    this.#options = options
  }

  start(): void {
    if (this.#isClosed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.take().finally(() => this.start())
    }, this.#options.everyMs)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    await this.#turn
  }

  /** Never rejects. */
  async take(): Promise<void> {
    const { turn, what, logger } = this.#options
    try {
      await turn()
      this.#lastTrouble = ''
    } catch (thrown) {
      const { message } = toPlatformError(thrown)
      if (message !== this.#lastTrouble) logger.warn({ err: thrown }, what)
      this.#lastTrouble = message
    }
  }
}
