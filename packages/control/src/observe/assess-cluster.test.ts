import { describe, expect, test } from 'vitest'
import { clusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { assessCluster } from './assess-cluster.ts'
import { acknowledgementsNeeded } from './find-database-problems.ts'
import {
  answered,
  silent,
  type MemberObservation,
  type PoolerDatabase,
  type RawObservation,
} from './raw-observation.ts'
import {
  aMember,
  anObservation,
  aPatroni,
  aPrimary,
  aStandby,
  aView,
  gone,
  memberName,
  QUORUM_ROLES,
  replaceAnswer,
  replaceMember,
} from './testing.ts'

const healthy = anObservation()
const refused = silent<never>('connection refused')
const rolesOf = (raw: RawObservation) => assessCluster(raw).members.map(({ role }) => role)
const verdictOf = (raw: RawObservation) => {
  const { health, reasons } = assessCluster(raw)
  return { health, reasons }
}
const pooled = (change: Partial<PoolerDatabase>): readonly PoolerDatabase[] => [
  { name: 'neurondb', clients: 4, waiting: 0, servers: 2, maxWaitMs: 0, paused: false, ...change },
]

describe('a healthy cluster', () => {
  test('is healthy without a reason, and fits its contract', () => {
    const status = assessCluster(healthy)
    expect(status.reasons).toEqual([])
    expect(status.health).toBe('healthy')
    expect(clusterStatus.parse(status)).toEqual(status)
  })

  test('has patronictl’s roles: leader, quorum and sync standbys, replicas', () => {
    expect(rolesOf(healthy)).toEqual(['primary', 'sync standby', 'sync standby', 'sync standby'])
    const one = {
      ...healthy,
      patroniView: answered(aView(['leader', 'sync_standby', 'replica', 'replica'])),
    }
    expect(rolesOf(one)).toEqual(['primary', 'sync standby', 'standby', 'standby'])
  })

  test('names the write target of each router and its read targets without the backup', () => {
    expect(assessCluster(healthy).routers[0]).toMatchObject({
      write_to: memberName(1),
      read_from: [2, 3, 4].map(memberName),
      healthy: true,
    })
  })

  test('knows the newest drill that any member has heard of', () => {
    const disk = { sizeBytes: 100e9, availableBytes: 59e9, usedRatio: 0.41 }
    const heardOf = (started_at: string): MemberObservation['slowFacts'] => {
      const drill = { drill: 'switchover', variant: '', verdict: 'pass' as const, rto_ms: 900 }
      return answered({ disk, archive: null, lastDrill: { ...drill, started_at } })
    }
    const newer = { slowFacts: heardOf('2026-11-22T03:00:00.000Z') }
    const older = { slowFacts: heardOf('2026-11-21T03:00:00.000Z') }
    const raw = [gone, newer, older].reduce<RawObservation>(
      (seen, change, index) => replaceMember(seen, index + 1, change),
      healthy,
    )
    expect(assessCluster(raw).last_drill?.started_at).toBe('2026-11-22T03:00:00.000Z')
    expect(assessCluster(healthy).last_drill).toBeNull()
  })

  test('knows the etcd leader and the active controller', () => {
    const { etcd, controllers } = assessCluster(healthy)
    expect(etcd.filter(({ leader }) => leader).map(({ name }) => name)).toEqual(['demo-etcd-2'])
    expect(controllers.map(({ active }) => active)).toEqual([true, false])
  })
})

describe('roles without Patroni’s list', () => {
  const blind = { ...healthy, patroniView: refused }

  test('come from each member’s own Patroni', () => {
    expect(rolesOf(blind)).toEqual(['primary', 'sync standby', 'sync standby', 'sync standby'])
  })

  test('come from PostgreSQL when no Patroni answers at all', () => {
    const members = [1, 2, 3, 4].map((n) => ({
      ...aMember(
        n,
        n === 1
          ? {
              postgres: answered(
                aPrimary({ syncStates: { [memberName(3)]: 'quorum', [memberName(4)]: 'async' } }),
              ),
            }
          : {},
      ),
      patroni: refused,
    }))
    expect(rolesOf({ ...blind, members })).toEqual([
      'primary',
      'standby',
      'sync standby',
      'standby',
    ])
  })

  test('are unknown for a member of which nothing answers', () => {
    expect(rolesOf(replaceMember(blind, 4, gone))[3]).toBe('unknown')
  })
})

describe('the primary', () => {
  test('missing: writes wait', () => {
    const raw = {
      ...replaceMember(healthy, 1, gone),
      patroniView: answered(
        aView(['replica', 'quorum_standby', 'quorum_standby', 'quorum_standby']),
      ),
    }
    expect(verdictOf(raw)).toMatchObject({ health: 'down' })
    expect(verdictOf(raw).reasons[0]).toBe(
      'No primary: writes wait until a standby has been promoted',
    )
  })

  test('silent but still holding the lock: writes stall', () => {
    const { health, reasons } = verdictOf(replaceMember(healthy, 1, gone))
    expect(health).toBe('down')
    expect(reasons[0]).toMatch(
      /^The primary demo-member-1 does not answer \(no answer within 800 ms\)/,
    )
    expect(assessCluster(replaceMember(healthy, 1, gone)).members[0]).toMatchObject({
      role: 'primary',
      state: 'unreachable',
      lsn: null,
    })
  })

  test('whose PostgreSQL alone is silent is told apart from a dead member', () => {
    const { reasons } = verdictOf(replaceMember(healthy, 1, { postgres: refused }))
    expect(reasons[0]).toMatch(
      /^PostgreSQL of the primary demo-member-1 does not answer \(connection refused\)/,
    )
  })

  test('still being promoted: writes wait', () => {
    const raw = replaceMember(healthy, 1, { postgres: answered(aStandby()) })
    expect(verdictOf(raw)).toMatchObject({ health: 'down' })
    expect(verdictOf(raw).reasons[0]).toMatch(/holds the leader lock and is still being promoted/)
  })

  test('twice: both are named, and who holds the lock', () => {
    const raw = replaceMember(healthy, 3, { postgres: answered(aPrimary()) })
    expect(verdictOf(raw).health).toBe('degraded')
    expect(verdictOf(raw).reasons).toContain(
      'demo-member-1 and demo-member-3 are out of recovery at once, and only demo-member-1, which holds the leader lock, may accept writes',
    )
  })

  test('with a silent Patroni may lose its lock', () => {
    const { health, reasons } = verdictOf(replaceMember(healthy, 1, { patroni: refused }))
    expect(health).toBe('degraded')
    expect(reasons).toEqual([
      'Patroni of the primary demo-member-1 does not answer (connection refused): it may lose the leader lock',
    ])
  })
})

describe('standbys', () => {
  test('one gone: degraded, and how many are left', () => {
    expect(verdictOf(replaceMember(healthy, 2, gone))).toEqual({
      health: 'degraded',
      reasons: [
        'demo-member-2 does not answer (no answer within 800 ms): 2 standbys left to take over',
      ],
    })
  })

  test('not streaming is said with Patroni’s word for it', () => {
    const raw = replaceMember(healthy, 2, {
      postgres: answered(aStandby({ receiverStreaming: false, timeline: null })),
      patroni: answered(aPatroni({ replicationState: 'in archive recovery' })),
    })
    expect(verdictOf(raw).reasons).toEqual([
      'demo-member-2 does not stream (in archive recovery): 2 standbys left to take over',
    ])
  })

  test('on another timeline cannot take over', () => {
    const raw = replaceMember(healthy, 4, { postgres: answered(aStandby({ timeline: 2 })) })
    expect(verdictOf(raw).reasons).toEqual([
      'demo-member-4 is on timeline 2, the primary on 3: it cannot take over yet',
    ])
  })

  test('lag in bytes is measured against the primary’s position', () => {
    const raw = replaceMember(healthy, 2, {
      postgres: answered(aStandby({ lsn: '0/4F00000', lagMs: 40 })),
    })
    expect(assessCluster(raw).members[1]).toMatchObject({ lag_bytes: 1024 * 1024, lag_ms: 40 })
    expect(verdictOf(raw).health).toBe('healthy')
  })

  test('beyond the read limit in bytes or in time is avoided by reads', () => {
    const far = replaceMember(healthy, 2, {
      postgres: answered(aStandby({ lsn: '0/4000000', lagMs: 900 })),
    })
    expect(verdictOf(far).reasons).toEqual([
      'demo-member-2 lags by 16 MB and 900 ms (limit 1.0 MB, 1.0 s): reads avoid it',
    ])
    const old = replaceMember(healthy, 2, {
      postgres: answered(aStandby({ lsn: '0/4FFFF00', lagMs: 4200 })),
    })
    expect(verdictOf(old).reasons).toEqual([
      'demo-member-2 lags by 256 B and 4.2 s (limit 1.0 MB, 1.0 s): reads avoid it',
    ])
  })

  test('that was cut off and has replayed all it knows does not claim zero milliseconds', () => {
    const raw = replaceMember(healthy, 2, {
      postgres: answered(
        aStandby({ lsn: '0/4FFFF00', receiverStreaming: false, replayedCommitAgeMs: 7000 }),
      ),
    })
    expect(assessCluster(raw).members[1]?.lag_ms).toBe(7000)
  })

  test('that has everything lags by nothing, however long ago the last commit was', () => {
    const raw = replaceMember(healthy, 2, { postgres: answered(aStandby({ lagMs: 86_400_000 })) })
    expect(assessCluster(raw).members[1]).toMatchObject({ lag_bytes: 0, lag_ms: 0 })
  })
})

describe('synchronous commit', () => {
  const withPrimary = (change: Parameters<typeof aPrimary>[0]) =>
    verdictOf(replaceMember(healthy, 1, { postgres: answered(aPrimary(change)) }))

  test('with no sync standby connected: commits wait, users are stopped', () => {
    expect(withPrimary({ syncStates: { 'demo-member-2': 'async' } })).toEqual({
      health: 'down',
      reasons: ['Commits wait: 1 sync standby must acknowledge and 0 are connected'],
    })
  })

  test('with fewer than it needs', () => {
    const { health } = withPrimary({
      synchronousStandbyNames: 'ANY 2 (a,b,c)',
      syncStates: { a: 'quorum' },
    })
    expect(health).toBe('down')
  })

  test('that waits for nobody is a loss waiting to happen', () => {
    expect(withPrimary({ synchronousStandbyNames: '', syncStates: {} })).toEqual({
      health: 'degraded',
      reasons: [
        'Commits wait for no standby: acknowledged writes are lost if the primary is lost now',
      ],
    })
  })

  test('satisfied by any receiver is said', () => {
    expect(withPrimary({ synchronousStandbyNames: '*' }).reasons[0]).toMatch(
      /^synchronous_standby_names is \*/,
    )
  })

  test('is not asked of a cluster that was not meant to have it', () => {
    const raw = replaceMember(
      { ...healthy, config: { ...healthy.config, synchronous: false } },
      1,
      {
        postgres: answered(aPrimary({ synchronousStandbyNames: '', syncStates: {} })),
      },
    )
    expect(verdictOf(raw).health).toBe('healthy')
  })

  test('with commits that wait is said', () => {
    expect(withPrimary({ syncWaits: 2 }).reasons).toEqual([
      '2 commits have waited over 2 s for a standby',
    ])
  })

  test.each([
    ['', 0],
    ['*', 1],
    ['ANY 1 (a,b)', 1],
    ['ANY 2 ("a","b","c")', 2],
    ['2 (a,b)', 2],
    ['a,b', 1],
  ])('reads %j as %i acknowledgements', (names, needed) => {
    expect(acknowledgementsNeeded(names)).toBe(needed)
  })
})

describe('Patroni', () => {
  test('paused: nothing fails over by itself', () => {
    const raw = { ...healthy, patroniView: answered(aView(QUORUM_ROLES, { paused: true })) }
    expect(assessCluster(raw)).toMatchObject({ health: 'degraded', patroni_paused: true })
    expect(verdictOf(raw).reasons).toEqual(['Patroni is paused: nothing fails over by itself'])
  })

  test('in failsafe: who, and what it means', () => {
    const raw = replaceMember(healthy, 1, {
      patroni: answered(aPatroni({ failsafeActive: true, role: 'primary' })),
    })
    expect(assessCluster(raw).failsafe_active).toBe(true)
    expect(verdictOf(raw).reasons[0]).toMatch(
      /^Failsafe is active on demo-member-1: etcd cannot be used/,
    )
  })
})

describe('etcd', () => {
  const etcdGone = (...names: readonly string[]) => ({
    ...healthy,
    etcd: names.reduce((parts, name) => replaceAnswer(parts, name, refused), healthy.etcd),
  })

  test('one of three lost: degraded, and what the next loss would mean', () => {
    expect(verdictOf(etcdGone('demo-etcd-1'))).toEqual({
      health: 'degraded',
      reasons: [
        'etcd demo-etcd-1 (connection refused) not healthy: one more lost and nothing can fail over',
      ],
    })
  })

  test('without quorum nothing can fail over, and users still work', () => {
    const { health, reasons } = verdictOf(etcdGone('demo-etcd-1', 'demo-etcd-3'))
    expect(health).toBe('degraded')
    expect(reasons[0]).toMatch(/^etcd has no quorum \(1 of 3 healthy, 2 needed;/)
  })

  test('an alarm makes a member unhealthy', () => {
    const raw = {
      ...healthy,
      etcd: replaceAnswer(
        healthy.etcd,
        'demo-etcd-1',
        answered({
          healthy: true,
          reason: '',
          isLeader: false,
          version: '3.5.16',
          dbBytes: 1,
          alarms: ['NOSPACE'],
        }),
      ),
    }
    expect(assessCluster(raw).etcd[0]).toMatchObject({ healthy: false, detail: '3.5.16, NOSPACE' })
  })
})

describe('the path of a request', () => {
  test('one pooler silent: degraded; all silent: down', () => {
    const one = { ...healthy, poolers: replaceAnswer(healthy.poolers, 'demo-pooler-1', refused) }
    expect(verdictOf(one)).toEqual({
      health: 'degraded',
      reasons: ['Pooler demo-pooler-1 (connection refused) is not serving: 1 of 2 carry on'],
    })
    const all = {
      ...healthy,
      poolers: healthy.poolers.map(({ name }) => ({ name, answer: refused })),
    }
    expect(verdictOf(all).health).toBe('down')
  })

  test('a paused pooler holds its clients', () => {
    const raw = {
      ...healthy,
      poolers: replaceAnswer(
        healthy.poolers,
        'demo-pooler-2',
        answered(pooled({ paused: true, waiting: 3 })),
      ),
    }
    expect(verdictOf(raw)).toEqual({
      health: 'degraded',
      reasons: [
        'Pooler demo-pooler-2 holds the clients of neurondb (paused): they wait for RESUME',
      ],
    })
    expect(assessCluster(raw).poolers[1]).toMatchObject({
      healthy: false,
      detail: 'paused: neurondb',
    })
  })

  test('clients that wait long for a server connection are counted', () => {
    const raw = {
      ...healthy,
      poolers: replaceAnswer(
        healthy.poolers,
        'demo-pooler-2',
        answered(pooled({ waiting: 12, maxWaitMs: 3100 })),
      ),
    }
    expect(verdictOf(raw).reasons).toEqual([
      'Pooler demo-pooler-2: 12 clients wait for neurondb, the longest for 3.1 s',
    ])
  })

  test('no router that knows a primary: down', () => {
    const nowhere = answered({ proxies: { write: [], read: [] }, sessions: 0, requests: 0 })
    const raw = {
      ...healthy,
      routers: healthy.routers.map(({ name }) => ({ name, answer: nowhere })),
    }
    expect(verdictOf(raw).health).toBe('down')
    expect(verdictOf(raw).reasons[0]).toMatch(
      /^No router sends writes to a primary: demo-router-1 \(0 members for writes\)/,
    )
  })

  test('a router that follows somebody else than the primary is named', () => {
    const raw = {
      ...healthy,
      patroniView: answered(
        aView(['quorum_standby', 'leader', 'quorum_standby', 'quorum_standby']),
      ),
    }
    expect(verdictOf(raw).reasons).toContain(
      'Router demo-router-1 sends writes to demo-member-1, the primary is demo-member-2',
    )
  })

  test('reads fall back to the primary when no standby is good enough', () => {
    const only = answered({
      proxies: {
        write: [{ name: memberName(1), up: true, backup: false }],
        read: [
          { name: memberName(2), up: false, backup: false },
          { name: `primary-${memberName(1)}`, up: true, backup: true },
        ],
      },
      sessions: 0,
      requests: 0,
    })
    const raw = { ...healthy, routers: replaceAnswer(healthy.routers, 'demo-router-1', only) }
    expect(assessCluster(raw).routers[0]?.read_from).toEqual([memberName(1)])
  })

  test('the only edge gone: down', () => {
    const raw = { ...healthy, edges: replaceAnswer(healthy.edges, 'demo-edge-1', refused) }
    expect(verdictOf(raw)).toEqual({
      health: 'down',
      reasons: ['No edge answers, so clients reach nothing: demo-edge-1 (connection refused)'],
    })
  })
})

describe('services and the rest', () => {
  test('one replica down is named; the others carry on', () => {
    const raw = { ...healthy, services: replaceAnswer(healthy.services, 'demo-agent-2', refused) }
    expect(verdictOf(raw)).toEqual({
      health: 'degraded',
      reasons: ['Service demo-agent-2 (connection refused) is not serving: 2 of 3 carry on'],
    })
  })

  test('all replicas of the agent down stops users; all of mcp does not', () => {
    const without = (component: string) => ({
      ...healthy,
      services: healthy.services.map((service) =>
        service.component === component ? { ...service, answer: refused } : service,
      ),
    })
    expect(verdictOf(without('agent')).health).toBe('down')
    expect(verdictOf(without('mcp')).health).toBe('degraded')
  })

  test('a draining replica is said to drain', () => {
    const draining = answered({ healthy: false, draining: true, detail: 'draining' })
    const raw = { ...healthy, services: replaceAnswer(healthy.services, 'demo-mcp-1', draining) }
    expect(assessCluster(raw).services.find(({ name }) => name === 'demo-mcp-1')).toMatchObject({
      draining: true,
      healthy: false,
      detail: 'draining',
    })
  })

  test('without any controller Patroni still fails over', () => {
    const raw = {
      ...healthy,
      controllers: healthy.controllers.map(({ name }) => ({ name, answer: refused })),
    }
    expect(verdictOf(raw).health).toBe('degraded')
    expect(verdictOf(raw).reasons).toHaveLength(1)
  })

  test('an engine proxy that does not serve says what cannot be done meanwhile, and where', () => {
    const answer = silent<true>('the engine behind it does not answer')
    const raw = {
      ...healthy,
      engineProxies: replaceAnswer(healthy.engineProxies, 'demo-engine-proxy-1', answer),
    }
    expect(verdictOf(raw)).toEqual({
      health: 'degraded',
      reasons: [
        'Engine proxy demo-engine-proxy-1 (the engine behind it does not answer) does not serve: controllers can neither fence nor repair what runs on local',
      ],
    })
  })

  test('two active controllers, or none, are worth a word', () => {
    const both = {
      ...healthy,
      controllers: healthy.controllers.map(({ name }) => ({
        name,
        answer: answered({ active: true }),
      })),
    }
    expect(verdictOf(both).reasons).toEqual([
      'demo-controller-1 and demo-controller-2 both say that they are the active controller',
    ])
    const none = {
      ...healthy,
      controllers: healthy.controllers.map(({ name }) => ({
        name,
        answer: answered({ active: false }),
      })),
    }
    expect(verdictOf(none).reasons).toEqual([
      'No controller is active (Patroni still fails over by itself)',
    ])
  })

  test('what stops users comes before what only weakens', () => {
    const raw = {
      ...replaceMember(healthy, 2, gone),
      edges: replaceAnswer(healthy.edges, 'demo-edge-1', refused),
    }
    expect(verdictOf(raw).reasons.map((words) => words.split(' ')[0])).toEqual([
      'No',
      'demo-member-2',
    ])
  })
})
