/**
 * Changes of a cluster file that could lose data or the quorum, and are refused before anything is
 * touched. Each says what it would cost and how to get there safely.
 */
import type { ClusterSpec } from '../spec/cluster-spec.ts'

export interface Refusal {
  readonly path: string
  readonly message: string
  readonly hint: string
}

export interface ChangeContext {
  /** The spec that the cluster runs with; undefined for a new cluster. */
  readonly applied: ClusterSpec | undefined
  readonly wanted: ClusterSpec
}

type ChangeRule = (applied: ClusterSpec, wanted: ClusterSpec) => readonly Refusal[]

const etcdKeepsItsMembers: ChangeRule = (applied, wanted) =>
  applied.etcd.members === wanted.etcd.members
    ? []
    : [
        {
          path: 'etcd.members',
          message: `changing etcd from ${applied.etcd.members} to ${wanted.etcd.members} members could lose its quorum, and with it the primary`,
          hint: `Keep etcd.members: ${applied.etcd.members}; to change it, make a new cluster and move the data.`,
        },
      ]

const addressesStay: ChangeRule = (applied, wanted) =>
  applied.network.subnet === wanted.network.subnet
    ? []
    : [
        {
          path: 'network.subnet',
          message: `changing the network from ${applied.network.subnet} to ${wanted.network.subnet} would cut all members from each other while it happens`,
          hint: 'Stop the cluster first with `./neuronha down` (data stays), then `up` with the new file.',
        },
      ]

const membersHoldTheQuorum: ChangeRule = (applied, wanted) => {
  const { members } = wanted.database
  const { syncStandbys } = applied.database
  if (members >= applied.database.members || members >= syncStandbys + 1) return []
  return [
    {
      path: 'database.members',
      message: `${members} members cannot hold ${syncStandbys} sync standbys beside the primary: acknowledged writes could exist only on members that would be removed`,
      hint: `Keep ${syncStandbys + 1} members or more.`,
    },
  ]
}

const majorVersionStays: ChangeRule = (applied, wanted) =>
  (applied.database.version as number) === (wanted.database.version as number)
    ? []
    : [
        {
          path: 'database.version',
          message: `PostgreSQL ${wanted.database.version} cannot read the data files of PostgreSQL ${applied.database.version}`,
          hint: `Keep database.version: ${applied.database.version}; a major upgrade is a new cluster and a dump, or logical replication.`,
        },
      ]

const CHANGE_RULES: readonly ChangeRule[] = [
  majorVersionStays,
  membersHoldTheQuorum,
  etcdKeepsItsMembers,
  addressesStay,
]

/** Every reason not to apply this change; empty when it is safe. */
export const refusalsOf = ({ applied, wanted }: ChangeContext): readonly Refusal[] =>
  applied === undefined ? [] : CHANGE_RULES.flatMap((rule) => rule(applied, wanted))
