/**
 * The one etcd transaction that takes a dead member's leadership away (DESIGN 8.3), as data. Everything that was
 * decided on is compared once more, so that whatever changed meanwhile makes the whole of it fail.
 */
import {
  coordinationKeys,
  patroniKeys,
  type FenceRecord,
} from '@neuronha/core/contracts/coordination.ts'
import type { Compare, Operation } from '../etcd/kv.ts'
import type { DcsSnapshot } from './dcs-snapshot.ts'

/** How a controller proves that it is still the active one. */
export interface OwnLease {
  /** Of the key `active`, made when this controller became the active one. */
  readonly createRevision: string
}

export interface Transaction {
  readonly compares: readonly Compare[]
  readonly operations: readonly Operation[]
}

/** A confirmed fence, and the world that the revocation was decided in. */
export interface Confirmed {
  readonly record: FenceRecord
  readonly recordModRevision: string
  readonly snapshot: DcsSnapshot
}

/**
 * Takes the leadership of the record's term away. The member's own key stays, under its own lease, without
 * `api_url`: standbys then race without asking the dead one first (2 s for a connection that nobody answers). A
 * waiting /failover would override the quorum, so it goes in the same instant. The lease stays: with it
 * the stripped key would vanish, and Patroni would ask the dead one by the address in /failsafe.
 */
export function revocation(
  cluster: string,
  { record, recordModRevision, snapshot }: Confirmed,
  own: OwnLease,
): Transaction | undefined {
  const patroni = patroniKeys(cluster)
  const keys = coordinationKeys(cluster)
  const { term } = record
  const dead = snapshot.members.get(term.member)
  const { sync, config } = snapshot
  if (dead === undefined || sync === null || config === null) return undefined
  const deadKey = `${patroni.members}${term.member}`
  const revoked: FenceRecord = { ...record, phase: 'revoked' }
  return {
    compares: [
      { key: patroni.leader, value: term.member },
      { key: patroni.leader, modRevision: term.leaderModRevision },
      { key: patroni.leader, lease: term.lease },
      { key: deadKey, lease: term.lease },
      { key: patroni.sync, modRevision: sync.modRevision },
      { key: patroni.config, modRevision: config.modRevision },
      { key: keys.active, createRevision: own.createRevision },
      { key: keys.fence, modRevision: recordModRevision },
    ],
    operations: [
      { put: deadKey, value: withoutApiUrl(dead.value), lease: term.lease },
      { delete: patroni.failover },
      { delete: patroni.leader },
      { put: keys.fence, value: JSON.stringify(revoked) },
    ],
  }
}

function withoutApiUrl(value: string): string {
  const parsed: unknown = JSON.parse(value)
  if (typeof parsed !== 'object' || parsed === null) return '{}'
  return JSON.stringify({ ...parsed, api_url: undefined })
}

/** Writes a fence record: only as the active controller, and only over what was read. */
export function recordChange(
  cluster: string,
  record: FenceRecord,
  recordModRevision: string,
  own: OwnLease,
): Transaction {
  const keys = coordinationKeys(cluster)
  return {
    compares: [
      { key: keys.active, createRevision: own.createRevision },
      // 0: there was no record
      { key: keys.fence, modRevision: recordModRevision },
    ],
    operations: [{ put: keys.fence, value: JSON.stringify(record) }],
  }
}
