/** One drill on the shared cluster, through the front door, that must pass. */
import { expect } from 'vitest'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { LOAD_RATE } from './load.ts'
import { CLUSTER_NAME, neuronha } from './neuronha.ts'

export async function drill(args: readonly string[]): Promise<DrillResult> {
  const command = ['drill', 'run', ...args, '--rate', `${LOAD_RATE}`]
  const { code, stdout, stderr } = await neuronha([...command, '--cluster', CLUSTER_NAME, '--json'])
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
