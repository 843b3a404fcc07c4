/** What a person would say changed between two looks at a cluster. Pure. */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'

type Part = ClusterStatus['prometheus'][number]

/** One sentence per change, the most important first. */
export function statusChanges(before: ClusterStatus, after: ClusterStatus): readonly string[] {
  return [
    ...pairs(before.members, after.members).flatMap(([old, now]) => memberChanges(old, now)),
    ...pairs(before.routers, after.routers).flatMap(([old, now]) => {
      if (old.write_to === now.write_to) return []
      return [`${now.name} sends writes to ${now.write_to ?? 'nobody'}`]
    }),
    ...partChanges(before.etcd, after.etcd),
    ...partChanges(before.routers, after.routers),
    ...partChanges(before.poolers, after.poolers),
    ...partChanges(before.edges, after.edges),
    ...partChanges(before.services, after.services),
    ...partChanges(before.engine_proxies, after.engine_proxies),
    ...partChanges(before.controllers, after.controllers),
    ...partChanges(before.alertmanagers, after.alertmanagers),
    ...(before.health === after.health ? [] : [`the cluster is ${after.health}`]),
  ]
}

function memberChanges(before: MemberStatus, after: MemberStatus): readonly string[] {
  const changes: string[] = []
  if (before.role !== after.role) {
    const timeline = after.role === 'primary' ? `, timeline ${after.timeline ?? 'unknown'}` : ''
    changes.push(`${after.name}: ${before.role} → ${after.role}${timeline}`)
  }
  if (before.state !== after.state) changes.push(`${after.name}: ${before.state} → ${after.state}`)
  return changes
}

const partChanges = (before: readonly Part[], after: readonly Part[]): readonly string[] =>
  pairs(before, after).flatMap(([old, now]) => {
    if (old.healthy === now.healthy) return []
    if (now.healthy) return [`${now.name} is healthy`]
    return [`${now.name} is not healthy${now.detail === '' ? '' : `: ${now.detail}`}`]
  })

/** Parts of the same name, as before and after. */
const pairs = <T extends { readonly name: string }>(
  before: readonly T[],
  after: readonly T[],
): readonly (readonly [T, T])[] =>
  after.flatMap((now) => {
    const old = before.find(({ name }) => name === now.name)
    return old === undefined ? [] : [[old, now] as const]
  })
