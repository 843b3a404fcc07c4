/**
 * Starts the one cluster of all stack tests before the first, and removes it after the last. With
 * NEURONHA_KEEP=1 it is kept, and the next run goes on with it: for work on a single test.
 */
import { CLUSTER_FILE, CLUSTER_NAME, neuronha } from './neuronha.ts'

const isKept = (): boolean => process.env['NEURONHA_KEEP'] === '1'

async function remove(): Promise<void> {
  const { code, stderr } = await neuronha(['down', '--cluster', CLUSTER_NAME, '--volumes', '--yes'])
  if (code !== 0) throw new Error(`cannot remove the test cluster:\n${stderr}`)
}

export async function setup(): Promise<void> {
  // Leftovers of an interrupted run would answer for this one. On a machine without an engine there are none.
  if (!isKept()) await remove().catch(() => undefined)
  const { code, stderr } = await neuronha(['up', '-f', CLUSTER_FILE], {
    timeoutMs: 900_000,
    echo: true,
  })
  if (code !== 0) throw new Error(`the test cluster did not come up (exit ${code}):\n${stderr}`)
}

export async function teardown(): Promise<void> {
  if (!isKept()) await remove()
}
