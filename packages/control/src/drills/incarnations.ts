/** Which incarnation of each container runs: what ended and began again in between shows as another value. */
import { allContainers } from '@neuronha/core/topology/containers.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { inspectContainer } from '../engine/docker.ts'
import type { Incarnations } from './scenarios/scenario.ts'

export async function incarnationsOf(spec: ClusterSpec): Promise<Incarnations> {
  const found = await Promise.all(
    allContainers(spec).map(async ({ name }) => {
      const inspection = await inspectContainer(name)
      return inspection === undefined
        ? []
        : [[name, `${inspection.id} ${inspection.startedAt}`] as const]
    }),
  )
  return new Map(found.flat())
}
