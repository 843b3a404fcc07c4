import { describe, expect, it } from 'vitest'
import { clusterSpecSchema, type ClusterFile } from './cluster-spec.ts'
import * as rules from './rules.ts'

const check = (rule: rules.ClusterRule, file: ClusterFile = {}): readonly string[] =>
  rule(clusterSpecSchema.parse(file)).map(({ path, message }) => `${path.join('.')}: ${message}`)

describe('the default cluster', () => {
  it('breaks no rule', () => {
    expect(rules.CLUSTER_RULES.flatMap((rule) => check(rule))).toEqual([])
  })
})

describe('timing', () => {
  it('refuses a triple below Patroni’s minimums instead of letting Patroni shrink it', () => {
    const issues = check(rules.timingKeepsPatroniMinimums, {
      timing: { ttl: 19, loopWait: 0, retryTimeout: 2 },
    })
    expect(issues.map((issue) => issue.split(':')[0])).toEqual([
      'timing.ttl',
      'timing.loopWait',
      'timing.retryTimeout',
    ])
  })

  it('refuses loopWait + 2 × retryTimeout above ttl, and says what ttl would do', () => {
    const [issue] = check(rules.timingKeepsPatroniMinimums, {
      timing: { ttl: 20, loopWait: 5, retryTimeout: 10 },
    })
    expect(issue).toMatch(/5 \+ 2 × 10 = 25 > 20.*raise ttl to 25/)
  })

  it('accepts the tightest triple that Patroni keeps', () => {
    expect(
      check(rules.timingKeepsPatroniMinimums, {
        timing: { ttl: 20, loopWait: 1, retryTimeout: 3 },
      }),
    ).toEqual([])
  })
})

describe('protection', () => {
  it('refuses more sync standbys than there are standbys', () => {
    expect(
      check(rules.membersCanAcknowledge, { database: { members: 2, syncStandbys: 2 } }),
    ).toHaveLength(1)
  })

  it('refuses zero-loss where one standby’s restart would stop all writes', () => {
    const [issue] = check(rules.protectionFitsMembers, { database: { members: 2 } })
    expect(issue).toMatch(/protection: available/)
    expect(
      check(rules.protectionFitsMembers, { protection: 'available', database: { members: 2 } }),
    ).toEqual([])
  })

  it('refuses zero-loss without any sync standby', () => {
    expect(check(rules.protectionFitsMembers, { database: { syncStandbys: 0 } })).toHaveLength(1)
  })
})

describe('connections', () => {
  it('refuses pools that could exceed a max_connections that the file sets', () => {
    const file: ClusterFile = { database: { parameters: { max_connections: 100 } } }
    expect(check(rules.poolsFitMaxConnections, file)[0]).toMatch(
      /exceed max_connections \(got 100\)/,
    )
  })

  it('refuses one pool larger than its database’s limit', () => {
    const file: ClusterFile = { database: { pooler: { defaultPoolSize: 80 } } }
    expect(check(rules.poolSizeFitsDatabaseLimit, file)).toHaveLength(1)
  })
})

describe('PostgreSQL parameters', () => {
  it('refuses one that the platform forces, with the reason', () => {
    const [issue] = check(rules.parametersAreNotForced, {
      database: { parameters: { fsync: false, jit: false } },
    })
    expect(issue).toMatch(/^database\.parameters\.fsync: is set by the platform: .+ — remove it$/)
  })
})

describe('wal_level', () => {
  it('refuses minimal, which no standby could follow', () => {
    expect(
      check(rules.walCanBeReplicated, { database: { parameters: { wal_level: 'minimal' } } }),
    ).toHaveLength(1)
    expect(
      check(rules.walCanBeReplicated, { database: { parameters: { wal_level: 'logical' } } }),
    ).toEqual([])
  })
})

describe('ports', () => {
  it('sees that a second edge’s port meets another published one', () => {
    const file: ClusterFile = { edge: { replicas: 2, httpPort: 8442, httpsPort: 8443 } }
    expect(check(rules.publishedPortsDiffer, file)[0]).toMatch(/got 8443/)
  })

  it('refuses ports beyond the last one', () => {
    expect(
      check(rules.publishedPortsDiffer, { edge: { replicas: 2, httpsPort: 65_535 } }),
    ).toHaveLength(1)
  })
})

describe('network', () => {
  it('wants a private /24', () => {
    expect(check(rules.subnetIsRoomy, { network: { subnet: '8.8.8.0/23' } })).toHaveLength(2)
  })
})

describe('user databases', () => {
  it('refuses names of the platform, names twice, and roles of the platform', () => {
    const databases = [
      { name: 'neurondb', owner: 'a' },
      { name: 'shop', owner: 'postgres' },
      { name: 'shop', owner: 'b' },
      { name: 'shop_ro', owner: 'c' },
    ]
    expect(check(rules.userDatabasesDoNotCollide, { database: { databases } })).toHaveLength(4)
  })
})

describe('etcd', () => {
  it('wants an odd number of members', () => {
    expect(check(rules.etcdHasOddQuorum, { etcd: { members: 4 } })).toHaveLength(1)
  })
})

describe('memory', () => {
  it('refuses a member too small to run', () => {
    expect(
      check(rules.membersHaveMemory, { database: { resources: { memory: '128MB' } } }),
    ).toHaveLength(1)
  })
})

describe('backups', () => {
  const s3 = {
    kind: 's3' as const,
    endpoint: 'store.example.org',
    bucket: 'backups',
    accessKeyFile: '/a',
    secretKeyFile: '/b',
  }
  it('are refused a second copy that is the first one', () => {
    const twice = { repositories: [s3, { kind: 'trial' as const }, s3, { kind: 'trial' as const }] }
    expect(check(rules.repositoriesDiffer, { backup: twice })).toHaveLength(2)
    const apart = { repositories: [s3, { ...s3, path: '/second' }, { kind: 'trial' as const }] }
    expect(check(rules.repositoriesDiffer, { backup: apart })).toEqual([])
  })

  it('are refused a budget that a moment’s WAL exceeds', () => {
    expect(check(rules.walBudgetIsUsable, { backup: { walBudget: '16MB' } })).toHaveLength(1)
    expect(check(rules.walBudgetIsUsable, {})).toEqual([])
  })
})
