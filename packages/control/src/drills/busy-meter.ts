/** How busy this machine's processors were lately: whether a load leaves room for a recovery. */
import { cpus } from 'node:os'

export interface ProcessorTime {
  readonly busyMs: number
  readonly totalMs: number
}

/** A share over less than this says nothing. */
const LEAST_MS = 2500
const WINDOW_MS = 4000

const readProcessors = (): ProcessorTime => {
  const times = cpus().map((cpu) => cpu.times)
  const idleMs = times.reduce((sum, { idle }) => sum + idle, 0)
  const totalMs = times.reduce(
    (sum, { user, nice, sys, idle, irq }) => sum + user + nice + sys + idle + irq,
    0,
  )
  return { busyMs: totalMs - idleMs, totalMs }
}

export class BusyMeter {
  readonly #read: () => ProcessorTime
  readonly #now: () => number
  #samples: readonly { readonly at: number; readonly time: ProcessorTime }[] = []

  constructor(read = readProcessors, now = (): number => performance.now()) {
    this.#read = read
    this.#now = now
  }

  /** Looks, and returns the share of all processors that was in use over the last seconds, 0 to 1; undefined at first. */
  share(): number | undefined {
    const at = this.#now()
    const time = this.#read()
    this.#samples = [...this.#samples.filter((sample) => at - sample.at <= WINDOW_MS), { at, time }]
    const [oldest] = this.#samples
    if (oldest === undefined || at - oldest.at < LEAST_MS) return undefined
    const totalMs = time.totalMs - oldest.time.totalMs
    return totalMs <= 0 ? undefined : (time.busyMs - oldest.time.busyMs) / totalMs
  }
}
