/** The cluster as its controller sees it. */
import { clusterStatus, type ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { z } from 'zod'
import { defineTool, READ_ONLY } from './tool.ts'

const lagOf = (lagMs: number | null): string =>
  lagMs === null ? 'lag unknown' : `${lagMs} ms behind`

const memberLine = ({ name, role, state, lag_ms: lagMs }: ClusterStatus['members'][number]) =>
  role === 'primary'
    ? `- ${name}: primary, ${state}`
    : `- ${name}: ${role}, ${state}, ${lagOf(lagMs)}`

/** The names of a group's unhealthy parts, or nothing to say. */
const unhealthyOf = (
  title: string,
  parts: readonly { readonly name: string; readonly healthy: boolean; readonly detail: string }[],
): readonly string[] =>
  parts
    .filter(({ healthy }) => !healthy)
    .map(({ name, detail }) => `- ${title} ${name}: ${detail === '' ? 'not healthy' : detail}`)

/** A status in the few lines that an answer has room for; the rest is in the structure. */
export const summarise = (status: ClusterStatus): string => {
  const primary = status.members.find(({ role }) => role === 'primary')
  const troubles = [
    ...unhealthyOf('etcd', status.etcd),
    ...unhealthyOf('router', status.routers),
    ...unhealthyOf('pooler', status.poolers),
    ...unhealthyOf('edge', status.edges),
    ...unhealthyOf('service', status.services),
    ...unhealthyOf('controller', status.controllers),
  ]
  return [
    `Cluster ${status.cluster} is ${status.health}, observed at ${status.observed_at}.`,
    ...status.reasons.map((reason) => `- ${reason}`),
    ...(status.maintenance === null
      ? []
      : [
          `Maintenance is on since ${status.maintenance.since} by ${status.maintenance.by} (${status.maintenance.why}): the controllers repair nothing.`,
        ]),
    primary === undefined
      ? 'There is no primary.'
      : `Primary: ${primary.name}, timeline ${primary.timeline ?? 'unknown'}.`,
    'Members:',
    ...status.members.map(memberLine),
    ...(troubles.length === 0 ? [] : ['Not healthy:', ...troubles]),
  ].join('\n')
}

export const getClusterStatus = defineTool({
  name: 'get_cluster_status',
  title: 'Cluster status',
  description:
    'The state of the NeuronHA cluster right now: its health and why, the primary and the standbys with their ' +
    'replication lag, poolers, routers, edge, services, etcd and controllers. Takes no arguments.',
  input: z.strictObject({}),
  output: clusterStatus,
  access: 'read',
  annotations: READ_ONLY,
  run: async (_input, { clusterStatus: load }, signal) => {
    const status = await load(signal)
    return { text: summarise(status), data: status }
  },
})
