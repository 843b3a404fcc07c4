/** For tests of planned work: a cluster in memory that does as it is told, a clock that only sleeping moves. */
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { aMember, aStatus } from '../drills/testing.ts'
import type { Compare, KeyValue, Kv, Operation } from '../etcd/kv.ts'
import { silentProgress } from '../setup/progress.ts'
import type { OpenTransaction, PlannedDeps, PoolerHolder } from './ports.ts'

/** Keys in memory, with revisions; leases are not kept, and revoking one removes its keys. */
export class FakeKv implements Kv {
  readonly entries = new Map<string, KeyValue>()
  #revision = 1
  #lease = 0

  get(key: string): Promise<KeyValue | undefined> {
    return Promise.resolve(this.entries.get(key))
  }
  list(prefix: string): ReturnType<Kv['list']> {
    const kvs = [...this.entries.values()].filter(({ key }) => key.startsWith(prefix))
    return Promise.resolve({ revision: String(this.#revision), kvs })
  }
  read(ranges: Parameters<Kv['read']>[0]): ReturnType<Kv['read']> {
    const isWanted = ({ key }: KeyValue): boolean =>
      ranges.some((range) => ('key' in range ? key === range.key : key.startsWith(range.prefix)))
    const kvs = [...this.entries.values()].filter(isWanted)
    return Promise.resolve({ revision: String(this.#revision), kvs })
  }
  put(key: string, value: string, lease = '0'): Promise<void> {
    this.#revision += 1
    const revision = String(this.#revision)
    const createRevision = this.entries.get(key)?.createRevision ?? revision
    this.entries.set(key, { key, value, createRevision, modRevision: revision, lease })
    return Promise.resolve()
  }
  delete(key: string): Promise<void> {
    this.entries.delete(key)
    return Promise.resolve()
  }
  async transaction(
    compares: readonly Compare[],
    operations: readonly Operation[],
  ): ReturnType<Kv['transaction']> {
    const succeeded = compares.every((compare) => this.#holds(compare))
    for (const operation of succeeded ? operations : []) {
      await ('put' in operation
        ? this.put(operation.put, operation.value, operation.lease)
        : this.delete(operation.delete))
    }
    return { succeeded, revision: String(this.#revision) }
  }
  grantLease(): Promise<string> {
    this.#lease += 1
    return Promise.resolve(String(this.#lease))
  }
  keepAlive(): Promise<number> {
    return Promise.resolve(15)
  }
  revokeLease(lease: string): Promise<void> {
    for (const [key, found] of this.entries) if (found.lease === lease) this.entries.delete(key)
    return Promise.resolve()
  }

  #holds(compare: Compare): boolean {
    const found = this.entries.get(compare.key)
    if ('value' in compare) return found?.value === compare.value
    if ('modRevision' in compare) return (found?.modRevision ?? '0') === compare.modRevision
    if ('createRevision' in compare)
      return (found?.createRevision ?? '0') === compare.createRevision
    return found?.lease === compare.lease
  }
}

export const aTransaction = (change: Partial<OpenTransaction> = {}): OpenTransaction => ({
  pid: 4711,
  user: 'shop_owner',
  database: 'shop',
  application: 'report',
  state: 'active',
  ageMs: 20,
  waitsForStandby: false,
  query: 'select 1',
  ...change,
})

const PRIMARY = 'neurondb-member-1'

/** Three members, two poolers, two routers; what may go wrong is a field. */
export class FakeCluster {
  readonly kv = new FakeKv()
  readonly events: NewEvent[] = []
  /** Everything that was asked of the world, in order. */
  readonly acts: string[] = []
  readonly abort = new AbortController()
  nowMs = 0
  primary = PRIMARY
  members: MemberStatus[] = [
    aMember(PRIMARY, 'primary'),
    aMember('neurondb-member-2', 'sync standby'),
    aMember('neurondb-member-3', 'sync standby'),
  ]
  transactions: readonly OpenTransaction[] = []
  holders: readonly PoolerHolder[] = []
  missed: readonly string[] = []
  checkpointFails = false
  consoleFails = false
  lsnOf: (member: string) => string = () => '0/5000000'
  /** What Patroni does with the request. */
  patroni: 'promotes' | 'refuses' | 'ignores' | 'is away' = 'promotes'
  /** How often a router still says something else. */
  routerLags = 0
  isPaused = false
  /** Called at every sleep, with the time. */
  onSleep: (nowMs: number) => void = () => undefined

  async prepare(): Promise<void> {
    const prefix = '/service/neurondb/'
    await this.kv.put(`${prefix}leader`, this.primary)
    const others = this.members.map(({ name }) => name).filter((name) => name !== this.primary)
    await this.kv.put(
      `${prefix}sync`,
      JSON.stringify({ leader: this.primary, sync_standby: others.join(','), quorum: 1 }),
    )
  }

  async promote(member: string): Promise<void> {
    this.primary = member
    this.members = this.members.map(({ name }) =>
      aMember(name, name === member ? 'primary' : 'sync standby'),
    )
    await this.prepare()
  }

  status(): ClusterStatus {
    return aStatus({ members: this.members })
  }

  deps(change: Partial<PlannedDeps> = {}): PlannedDeps {
    return {
      cluster: 'neurondb',
      syncStandbys: 1,
      kv: this.kv,
      record: (event) => void this.events.push(event),
      progress: silentProgress,
      clock: {
        now: () => this.nowMs,
        sleep: (ms) => {
          this.nowMs += ms
          this.onSleep(this.nowMs)
          return Promise.resolve()
        },
      },
      signal: this.abort.signal,
      actor: 'ana@host-1',
      observe: () => Promise.resolve(this.status()),
      members: this.#databases(),
      routers: this.#routers(),
      patroni: this.#patroniControl(),
      poolers: () => this.#poolers(),
      ...change,
    }
  }

  #databases(): PlannedDeps['members'] {
    return {
      openTransactions: () => Promise.resolve(this.transactions),
      checkpoint: (member) => {
        this.acts.push(`checkpoint ${member}`)
        return this.checkpointFails
          ? Promise.reject(new PlatformError('UPSTREAM_TIMEOUT', 'no answer'))
          : Promise.resolve()
      },
      flushedLsn: (member) => Promise.resolve(this.lsnOf(member)),
      isInRecovery: (member) => Promise.resolve(member !== this.primary),
      isStopping: () => Promise.resolve(this.patroni === 'promotes'),
      close: () => Promise.resolve(),
    }
  }

  #routers(): PlannedDeps['routers'] {
    return {
      lead: (member) => {
        this.acts.push(`lead ${member}`)
        return Promise.resolve()
      },
      notLeadingTo: (member) => {
        this.routerLags -= 1
        return Promise.resolve(this.routerLags < 0 ? [] : [`router-1 does not lead to ${member}`])
      },
      proofOf: (member) => () => {
        this.acts.push(`prove ${member}`)
        return Promise.resolve('')
      },
    }
  }

  #patroniControl(): PlannedDeps['patroni'] {
    return {
      switchover: async (leader, candidate) => {
        this.acts.push(`switchover ${leader} ${candidate}`)
        await this.kv.put(
          '/service/neurondb/failover',
          JSON.stringify({ leader, member: candidate }),
        )
        if (this.patroni === 'refuses') return { status: 412, words: 'no good candidates' }
        if (this.patroni === 'is away')
          throw Object.assign(new PlatformError('UNAVAILABLE', 'refused'), { code: 'ECONNREFUSED' })
        if (this.patroni === 'promotes') await this.promote(candidate)
        return { status: 200, words: '' }
      },
      restart: () => Promise.resolve({ status: 200, words: '' }),
      reinitialize: () => Promise.resolve({ status: 200, words: '' }),
    }
  }

  #poolers(): ReturnType<PlannedDeps['poolers']> {
    return {
      open: () =>
        this.consoleFails
          ? Promise.reject(new PlatformError('UNAVAILABLE', 'pooler-2 is away'))
          : Promise.resolve(),
      pause: (deadlineMs) => {
        this.acts.push('pause')
        this.isPaused = true
        if (this.missed.length > 0) this.nowMs += deadlineMs
        return Promise.resolve(this.missed)
      },
      holders: () => Promise.resolve(this.holders),
      resume: () => {
        this.acts.push('resume')
        this.isPaused = false
        return Promise.resolve([])
      },
      close: () => Promise.resolve(),
    }
  }
}

export async function aCluster(change: Partial<FakeCluster> = {}): Promise<FakeCluster> {
  const cluster = Object.assign(new FakeCluster(), change)
  await cluster.prepare()
  return cluster
}
