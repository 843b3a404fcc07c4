/** Which incarnation of each container runs: what ended and began again in between shows as another value. */
import { allContainers } from '@neuronha/core/topology/containers.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { ContainerActs } from './faults/acts-on-containers.ts'
import type { Incarnations } from './scenarios/scenario.ts'

export async function incarnationsOf(
  containers: Pick<ContainerActs, 'inspect'>,
  spec: ClusterSpec,
): Promise<Incarnations> {
  const found = await Promise.all(
    allContainers(spec).map(async ({ name }) => {
      const inspection = await containers.inspect(name)
      return inspection === undefined
        ? []
        : [[name, `${inspection.id} ${inspection.startedAt}`] as const]
    }),
  )
  return new Map(found.flat())
}
