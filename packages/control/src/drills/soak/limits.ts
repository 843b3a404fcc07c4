/**
 * How much of a cluster may be broken at once: what it is built to survive, and no more. Of members as many as there
 * are sync standbys, since every acknowledged write is on one member more than that; of etcd a minority; of whatever
 * is replicated all but one. Pure.
 */
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { replicaCounts, type Component } from '@neuronha/core/topology/containers.ts'

/** What a soak breaks. */
export const SOAKED = [
  'member',
  'etcd',
  'router',
  'pooler',
  'edge',
  'agent',
  'desktop-api',
  'mcp',
  'console',
  'controller',
] as const satisfies readonly Component[]
export type Soaked = (typeof SOAKED)[number]

export type Limits = Readonly<Record<Soaked, number>>

export function limitsOf(spec: ClusterSpec): Limits {
  const counts = replicaCounts(spec)
  const allButOne = (component: Soaked): number => counts[component] - 1
  return {
    member: Math.min(spec.database.syncStandbys, allButOne('member')),
    etcd: Math.floor((counts.etcd - 1) / 2),
    router: allButOne('router'),
    pooler: allButOne('pooler'),
    edge: allButOne('edge'),
    agent: allButOne('agent'),
    'desktop-api': allButOne('desktop-api'),
    mcp: allButOne('mcp'),
    console: allButOne('console'),
    controller: allButOne('controller'),
  }
}

/** May one more of this component be broken, when these are? */
export const mayBreak = (broken: readonly Soaked[], next: Soaked, limits: Limits): boolean =>
  broken.filter((component) => component === next).length + 1 <= limits[next]
