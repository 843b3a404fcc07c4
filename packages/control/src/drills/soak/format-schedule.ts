/** A soak's schedule for people: one line per fault. Pure. */
import type { SoakEntry } from './schedule.ts'

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`

export const formatSchedule = (entries: readonly SoakEntry[]): string =>
  entries
    .map(
      ({ number, atMs, fault, keepMs }) =>
        `${String(number).padStart(3)}  ${seconds(atMs).padStart(9)}  ${fault.padEnd(26)} for ${seconds(keepMs)}`,
    )
    .join('\n')
