/** Counts tool calls and logs those that failed; never what was asked, which may be private. */
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { Metrics } from '@neuronha/runtime/metrics.ts'
import type { ToolObserver } from './tools/tool.ts'

export const createToolObserver = (logger: Logger, metrics: Metrics): ToolObserver => {
  const calls = metrics.counter('tool_calls_total', 'Tool calls', ['tool', 'outcome'])
  const seconds = metrics.histogram('tool_call_duration_seconds', 'Time a tool took', ['tool'])
  return {
    called: (tool, outcome, elapsed) => {
      calls.inc({ tool, outcome })
      seconds.observe({ tool }, elapsed)
    },
    failed: (tool, error) => {
      const isDefect = error.kind.status >= 500
      const entry = { tool, code: error.code }
      if (isDefect) logger.warn({ ...entry, err: error }, 'a tool failed')
      else logger.info(entry, 'a tool refused')
    },
  }
}
