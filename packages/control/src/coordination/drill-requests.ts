/** What the schedule of drills keeps in etcd, as it is read back. */
import {
  drillRequest,
  drillScheduleState,
  type DrillRequest,
} from '@neuronha/core/contracts/coordination.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'

/** Undefined: nothing is asked for, or nothing that this code can read. */
export const parseDrillRequest = (text: string | undefined): DrillRequest | undefined =>
  parseRecord(drillRequest, text)

/** Up to when the schedule has been heeded, milliseconds since 1970; null: never, as far as this code can read. */
export function parseHandledUntil(text: string | undefined): number | null {
  const parsed = parseRecord(drillScheduleState, text)
  return parsed === undefined ? null : Date.parse(parsed.handledUntil)
}
