/** What the schedule of drills keeps in etcd, as it is read back. Nothing here throws: others may have written it. */
import {
  drillRequest,
  drillScheduleState,
  type DrillRequest,
} from '@neuronha/core/contracts/coordination.ts'

const parseJson = (text: string | undefined): unknown => {
  try {
    return JSON.parse(text ?? 'null')
  } catch {
    return null
  }
}

/** Undefined: nothing is asked for, or nothing that this code can read. */
export const parseDrillRequest = (text: string | undefined): DrillRequest | undefined =>
  drillRequest.safeParse(parseJson(text)).data

/** Up to when the schedule has been heeded, milliseconds since 1970; null: never, as far as this code can read. */
export function parseHandledUntil(text: string | undefined): number | null {
  const parsed = drillScheduleState.safeParse(parseJson(text))
  return parsed.success ? Date.parse(parsed.data.handledUntil) : null
}
