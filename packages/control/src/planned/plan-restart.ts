/** In which order containers are restarted so that no client notices. Pure. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { COMPONENTS, type Component } from '@neuronha/core/topology/containers.ts'

export interface RestartTarget {
  readonly name: string
  readonly component: Component
}

export type RestartAct =
  | { readonly kind: 'restart'; readonly name: string; readonly component: Component }
  /** PostgreSQL alone, by Patroni: for settings that wait for a restart. */
  | { readonly kind: 'restart-postgres'; readonly name: string }
  | { readonly kind: 'switchover'; readonly from: string }

/** Bottom layer first; of the members the standbys first, then another becomes the primary, then the old one. */
export function planRestart(
  targets: readonly RestartTarget[],
  { members }: Pick<ClusterStatus, 'members'>,
): readonly RestartAct[] {
  const primary = members.find(({ role }) => role === 'primary')?.name
  const rank = ({ component, name }: RestartTarget): number =>
    COMPONENTS.indexOf(component) * 2 + (name === primary ? 1 : 0)
  return [...targets]
    .sort((left, right) => rank(left) - rank(right))
    .flatMap((target): readonly RestartAct[] => [
      ...switchoverBefore(target.name, primary, members.length),
      { kind: 'restart', ...target },
    ])
}

/** PostgreSQL of those members whose changed settings wait for it. */
export function planPendingRestart({
  members,
}: Pick<ClusterStatus, 'members'>): readonly RestartAct[] {
  const primary = members.find(({ role }) => role === 'primary')?.name
  return members
    .filter(({ pending_restart }) => pending_restart)
    .sort((left, right) => Number(left.name === primary) - Number(right.name === primary))
    .flatMap(({ name }): readonly RestartAct[] => [
      ...switchoverBefore(name, primary, members.length),
      { kind: 'restart-postgres', name },
    ])
}

const switchoverBefore = (
  name: string,
  primary: string | undefined,
  members: number,
): readonly RestartAct[] =>
  name === primary && members > 1 ? [{ kind: 'switchover', from: name }] : []
