/** One drill on the shared cluster, through the front door, that must pass. */
import { expect } from 'vitest'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { CLUSTER_NAME, neuronha } from './neuronha.ts'

/** Writes a second on each path: what is lost shows at any rate, and the slowest machine must not be the one that is tested. */
export const DRILL_RATE = '5'

export async function drill(args: readonly string[]): Promise<DrillResult> {
  const command = ['drill', 'run', ...args, '--rate', DRILL_RATE, '--cluster', CLUSTER_NAME]
  const { code, stdout, stderr } = await neuronha([...command, '--json'])
  const result = drillResult.parse(JSON.parse(stdout || `"${stderr}"`))
  const { http } = result.paths
  console.log(
    `    ${args.join(' ')} (${result.edgeKind}): rto ${result.rtoMs ?? '?'} ms, stall ${http?.longestStallMs ?? '?'} ms, acknowledged ${result.acknowledged}, lost ${result.lost}, duplicated ${result.duplicated}, client errors ${result.clientErrors}, whole again ${result.wholeAgainMs ?? '?'} ms`,
  )
  expect(result.reasons).toEqual([])
  expect(result.verdict).toBe('pass')
  expect(code).toBe(0)
  return result
}
