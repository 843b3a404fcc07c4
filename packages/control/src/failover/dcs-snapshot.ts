/** Patroni's keys in etcd at one revision, as far as a failover needs them. */
import { patroniKeys } from '@neuronha/core/contracts/coordination.ts'
import { z } from 'zod'
import type { KeyValue, Range } from '../etcd/kv.ts'

export interface DcsMember {
  readonly name: string
  readonly lease: string
  /** The value as Patroni wrote it. */
  readonly value: string
  readonly state: string | null
  readonly role: string | null
  readonly timeline: number | null
  readonly noFailover: boolean
}

export interface DcsSnapshot {
  /** When the question was sent, and when its answer had arrived; by this process's monotonic clock, milliseconds. */
  readonly askedAt: number
  readonly seenAt: number
  readonly leader: {
    readonly name: string
    readonly modRevision: string
    readonly lease: string
  } | null
  readonly sync: {
    readonly leader: string | null
    readonly voters: readonly string[]
    /** Votes that a candidate needs beside its own. */
    readonly quorum: number
    readonly modRevision: string
  } | null
  readonly config: {
    readonly modRevision: string
    readonly paused: boolean
    readonly synchronous: boolean
    readonly ttlSeconds: number
  } | null
  /** Changes with every loop of the leader's Patroni, while WAL is written. */
  readonly statusModRevision: string | null
  readonly members: ReadonlyMap<string, DcsMember>
}

const syncValue = z.object({
  leader: z.string().nullish(),
  sync_standby: z.string().nullish(),
  quorum: z.coerce.number().default(0),
})
const configValue = z.looseObject({
  pause: z.boolean().nullish(),
  synchronous_mode: z.union([z.boolean(), z.string()]).nullish(),
  ttl: z.coerce.number().default(30),
})
const memberValue = z.looseObject({
  state: z.string().nullish(),
  role: z.string().nullish(),
  timeline: z.number().nullish(),
  tags: z.looseObject({ nofailover: z.boolean().nullish() }).nullish(),
})

const parsed = <T extends z.ZodType>(schema: T, text: string): z.infer<T> | undefined => {
  try {
    return schema.parse(JSON.parse(text))
  } catch {
    return undefined
  }
}

const syncOf = (kv: KeyValue | undefined): DcsSnapshot['sync'] => {
  const value = kv && parsed(syncValue, kv.value)
  if (kv === undefined || value === undefined) return null
  return {
    leader: value.leader ?? null,
    voters: (value.sync_standby ?? '').split(',').filter((name) => name !== ''),
    quorum: value.quorum,
    modRevision: kv.modRevision,
  }
}

const configOf = (kv: KeyValue | undefined): DcsSnapshot['config'] => {
  const value = kv && parsed(configValue, kv.value)
  if (kv === undefined || value === undefined) return null
  return {
    modRevision: kv.modRevision,
    paused: value.pause === true,
    synchronous: value.synchronous_mode === 'quorum' || value.synchronous_mode === true,
    ttlSeconds: value.ttl,
  }
}

const memberOf = (name: string, kv: KeyValue): DcsMember => {
  const value = parsed(memberValue, kv.value)
  return {
    name,
    lease: kv.lease,
    value: kv.value,
    state: value?.state ?? null,
    role: value?.role ?? null,
    timeline: value?.timeline ?? null,
    noFailover: value?.tags?.nofailover === true,
  }
}

/** What Patroni's keys said. A key that cannot be read counts as absent: nothing is decided on it. */
export function parseSnapshot(
  cluster: string,
  { kvs }: Range,
  { askedAt, seenAt }: Pick<DcsSnapshot, 'askedAt' | 'seenAt'>,
): DcsSnapshot {
  const keys = patroniKeys(cluster)
  const at = new Map(kvs.map((kv) => [kv.key, kv]))
  const leader = at.get(keys.leader)
  const members = kvs
    .filter(({ key }) => key.startsWith(keys.members))
    .map((kv) => memberOf(kv.key.slice(keys.members.length), kv))
  return {
    askedAt,
    seenAt,
    leader: leader
      ? { name: leader.value, modRevision: leader.modRevision, lease: leader.lease }
      : null,
    sync: syncOf(at.get(keys.sync)),
    config: configOf(at.get(keys.config)),
    statusModRevision: at.get(keys.status)?.modRevision ?? null,
    members: new Map(members.map((member) => [member.name, member])),
  }
}
