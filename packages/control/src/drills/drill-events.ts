/** What the audit log says of a drill. Pure. */
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { duration } from '../observe/words.ts'
import { nameOf } from './format-result.ts'

/** Who runs it: a command, or the controllers. */
export type DrillEventSource = 'cli.drill' | 'drill'

export const drillStarted = (source: DrillEventSource, name: string): NewEvent => ({
  kind: `${source}.started`,
  summary: `drill ${name} begins`,
})

export function drillFinished(source: DrillEventSource, result: DrillResult): NewEvent {
  const { verdict, reasons, rtoMs, lost, duplicated, clientErrors, acknowledged } = result
  const took = rtoMs === null ? '' : `, RTO ${duration(rtoMs)}`
  return {
    kind: `${source}.finished`,
    severity: verdict === 'pass' ? 'info' : 'warning',
    summary: `drill ${nameOf(result)}: ${verdict}${took}${reasons[0] === undefined ? '' : `: ${reasons[0]}`}`,
    evidence: { rtoMs, acknowledged, lost, duplicated, clientErrors, reasons },
  }
}
