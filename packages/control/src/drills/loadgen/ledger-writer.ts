/**
 * Appends the ledger. Lines are gathered for a moment and written with one call, so that the record
 * is at most 50 ms behind the world and costs next to nothing.
 */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import type { LedgerLine, LedgerProgress, LoadPath } from '@neuronha/core/config/loadgen.ts'

const FLUSH_MS = 50

type MutableProgress = { -readonly [Key in keyof LedgerProgress]: LedgerProgress[Key] }

const noProgress = (): MutableProgress => ({
  attempted: 0,
  acknowledged: 0,
  inFlight: 0,
  clientErrors: 0,
  failedTries: 0,
})

export class LedgerWriter {
  readonly #file: number
  readonly #timer: NodeJS.Timeout
  #waiting: string[] = []

  constructor(path: string) {
    this.#file = openSync(path, 'a', 0o640)
    this.#timer = setInterval(() => this.flush(), FLUSH_MS)
  }

  append(line: LedgerLine): void {
    this.#waiting.push(`${JSON.stringify(line)}\n`)
  }

  flush(): void {
    if (this.#waiting.length === 0) return
    const text = this.#waiting.join('')
    this.#waiting = []
    writeSync(this.#file, text)
  }

  close(): void {
    clearInterval(this.#timer)
    this.flush()
    fsyncSync(this.#file)
    closeSync(this.#file)
  }
}

/** Counts for the progress line of each second. */
export class ProgressCounter {
  readonly #counts: Record<LoadPath, MutableProgress> = {
    http: noProgress(),
    sql: noProgress(),
    connect: noProgress(),
  }

  sent(path: LoadPath): void {
    this.#counts[path].attempted += 1
    this.#counts[path].inFlight += 1
  }

  failedTry(path: LoadPath): void {
    this.#counts[path].failedTries += 1
  }

  done(path: LoadPath, isAcknowledged: boolean): void {
    const counts = this.#counts[path]
    counts.inFlight -= 1
    if (isAcknowledged) counts.acknowledged += 1
    else counts.clientErrors += 1
  }

  /** A copy of the counts of the two paths that a watcher is shown. */
  now(): Record<'http' | 'sql', LedgerProgress> {
    return { http: { ...this.#counts.http }, sql: { ...this.#counts.sql } }
  }
}
