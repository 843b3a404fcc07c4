import { readFile } from 'node:fs/promises'
import { afterEach, describe, expect, it } from 'vitest'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { SERVICE_COMPONENTS } from '@neuronha/core/topology/containers.ts'
import { untilHealthy } from './cluster.ts'
import { CLUSTER_NAME, neuronha } from './neuronha.ts'

async function drill(args: readonly string[]): Promise<DrillResult> {
  const { code, stdout, stderr } = await neuronha([
    'drill',
    'run',
    ...args,
    '--cluster',
    CLUSTER_NAME,
    '--json',
  ])
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

afterEach(async () => {
  await untilHealthy()
})

describe('drill primary-crash', () => {
  it('loses no acknowledged write, doubles none, and shows no client an error', async () => {
    const result = await drill(['primary-crash'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    expect(result.paths.sql).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    expect(result.acknowledged).toBeGreaterThan(300)
    // The fault must have hit: nothing was acknowledged for a while.
    expect(result.rtoMs).toBeGreaterThan(200)
    expect(result.rtoMs).toBeLessThan(20_000)
    const report = await readFile(result.reportFile ?? '', 'utf8')
    expect(report).toMatch(/<svg/)
    expect(report).not.toMatch(/src="http|href="http/)
  })
})

describe('drill service-kill', () => {
  it.each(SERVICE_COMPONENTS)('shows no client of %s an error', async (service) => {
    const result = await drill(['service-kill', '--service', service])
    expect(result.clientErrors).toBe(0)
    expect(result.wholeAgainMs).toBeLessThan(60_000)
  })
})
