import { describe, expect, it } from 'vitest'
import { PlatformError } from '@neuronha/core/errors.ts'
import { switchover } from './switchover.ts'
import { aCluster, aTransaction, type FakeCluster } from './testing.ts'

const WHY = { why: 'a test' }
const FAILOVER = '/service/neurondb/failover'

/** Runs it to its error, and checks what must hold after every end. */
async function failing(cluster: FakeCluster, options: object = {}): Promise<PlatformError> {
  const error: unknown = await switchover({ ...WHY, ...options }, cluster.deps()).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(PlatformError)
  leavesNothingBehind(cluster)
  return error as PlatformError
}

function leavesNothingBehind(cluster: FakeCluster): void {
  expect(cluster.isPaused).toBe(false)
  const own = [...cluster.kv.entries.keys()].filter((key) => key.startsWith('/neuronha/'))
  expect(own).toEqual([])
}

describe('a switchover', () => {
  it('holds the clients, changes the primary, proves it and lets them go on', async () => {
    const cluster = await aCluster()
    const result = await switchover(WHY, cluster.deps())
    expect(result).toMatchObject({ from: 'neurondb-member-1', to: 'neurondb-member-2' })
    expect(cluster.acts).toEqual([
      'checkpoint neurondb-member-1',
      'checkpoint neurondb-member-2',
      'checkpoint neurondb-member-3',
      'pause',
      'switchover neurondb-member-1 neurondb-member-2',
      'lead neurondb-member-2',
      'prove neurondb-member-2',
      'resume',
    ])
    expect(cluster.events.map(({ kind }) => kind)).toEqual(['switchover.done'])
    leavesNothingBehind(cluster)
  })

  it('keeps the controllers’ hands off all that may become the primary, while it lasts', async () => {
    const cluster = await aCluster()
    let held: string[] = []
    const deps = cluster.deps()
    const members = {
      ...deps.members,
      checkpoint: () => {
        held = [...cluster.kv.entries.keys()].filter((key) => key.startsWith('/neuronha/'))
        return Promise.resolve()
      },
    }
    await switchover(WHY, { ...deps, members })
    expect(held.sort()).toEqual([
      '/neuronha/neurondb/holds/neurondb-member-1',
      '/neuronha/neurondb/holds/neurondb-member-2',
      '/neuronha/neurondb/holds/neurondb-member-3',
      '/neuronha/neurondb/planned/switchover',
    ])
  })

  it('takes its request back once the old primary stops, so that the others need not sleep', async () => {
    const cluster = await aCluster()
    await switchover(WHY, cluster.deps())
    expect(cluster.kv.entries.has(FAILOVER)).toBe(false)
  })

  it('leaves the request to Patroni when one member was asked for', async () => {
    const cluster = await aCluster()
    const result = await switchover({ ...WHY, to: 'neurondb-member-3' }, cluster.deps())
    expect(result.to).toBe('neurondb-member-3')
    expect(cluster.kv.entries.has(FAILOVER)).toBe(true)
  })

  it('looks at the routers again and again instead of waiting for a time', async () => {
    const cluster = await aCluster({ routerLags: 6 })
    const { stallMs } = await switchover(WHY, cluster.deps())
    expect(stallMs).toBeGreaterThanOrEqual(6 * 25)
    expect(stallMs).toBeLessThan(400)
  })
})

describe('a switchover whose proof does not come', () => {
  it('lets the clients go on in time, whatever it is waiting for', async () => {
    const cluster = await aCluster()
    const deps = cluster.deps()
    const routers = {
      ...deps.routers,
      // the first look comes shortly before the clients must go on
      lead: () => deps.clock.sleep(8400),
      proofOf: () => () => new Promise<never>(() => undefined),
    }
    const { stallMs } = await switchover(WHY, { ...deps, routers })
    expect(stallMs).toBeLessThan(8600)
    expect(cluster.acts.at(-1)).toBe('resume')
  })
})

describe('a switchover that is refused', () => {
  it('touches nothing and says every reason', async () => {
    const cluster = await aCluster({ transactions: [aTransaction({ ageMs: 60_000 })] })
    const error = await failing(cluster, { to: 'neurondb-member-1' })
    expect(error.code).toBe('REFUSED_FOR_SAFETY')
    expect(error.kind.exitCode).toBe(3)
    expect(error.message).toMatch(/would not end in time[\s\S]*is the primary already/)
    expect(cluster.acts).toEqual([])
  })

  it('gives way to one that began at the same moment', async () => {
    const cluster = await aCluster()
    const deps = cluster.deps()
    const members = {
      ...deps.members,
      openTransactions: async () => {
        await cluster.kv.put('/neuronha/neurondb/failover/fence', '{"phase":"released"}')
        return []
      },
    }
    await expect(switchover(WHY, { ...deps, members })).rejects.toMatchObject({
      code: 'CONFLICT',
    })
    expect(cluster.acts).toEqual([])
  })
})

describe('a switchover that is given up', () => {
  it('never holds a client when the checkpoint does not end', async () => {
    const cluster = await aCluster({ checkpointFails: true })
    expect((await failing(cluster)).code).toBe('CONFLICT')
    expect(cluster.acts).not.toContain('pause')
  })

  it('never holds a client when a pooler’s console cannot be reached', async () => {
    const cluster = await aCluster({ consoleFails: true })
    expect((await failing(cluster)).message).toContain('pooler-2 is away')
    expect(cluster.acts).not.toContain('pause')
  })

  it('resumes all and names the client that kept a pooler from being quiet', async () => {
    const cluster = await aCluster({
      missed: ['pooler-1'],
      holders: [
        {
          pooler: 'pooler-1',
          database: 'shop',
          user: 'shop_owner',
          application: 'report',
          address: '10.0.0.9',
          pid: 4711,
        },
      ],
      transactions: [aTransaction({ ageMs: 1400, query: 'update goods' })],
    })
    const error = await failing(cluster)
    expect(error.code).toBe('CONFLICT')
    expect(error.message).toContain(
      'held up by shop_owner (report) at 10.0.0.9 through pooler-1, database shop, process 4711, active, open for 1.4 s: update goods',
    )
    expect(cluster.acts.slice(-2)).toEqual(['pause', 'resume'])
    expect(cluster.events.map(({ kind }) => kind)).toEqual(['switchover.aborted'])
  })

  it('resumes all when the candidate does not catch up', async () => {
    const cluster = await aCluster({
      lsnOf: (member) => (member === 'neurondb-member-1' ? '0/5000001' : '0/5000000'),
    })
    expect((await failing(cluster)).message).toContain('still lacks')
    expect(cluster.acts.slice(-2)).toEqual(['pause', 'resume'])
    expect(cluster.nowMs).toBeLessThan(2000)
  })

  it.each(['refuses', 'is away'] as const)('resumes all when Patroni %s', async (patroni) => {
    const cluster = await aCluster({ patroni })
    expect((await failing(cluster)).code).toBe('CONFLICT')
    expect(cluster.acts.at(-1)).toBe('resume')
    expect(cluster.nowMs).toBeLessThan(1000)
  })

  it('resumes all when it is interrupted while clients wait', async () => {
    const cluster = await aCluster()
    const deps = cluster.deps()
    const members = {
      ...deps.members,
      flushedLsn: () => {
        cluster.abort.abort()
        return Promise.resolve('0/1')
      },
    }
    await expect(switchover(WHY, { ...deps, members })).rejects.toMatchObject({
      code: 'INTERRUPTED',
    })
    expect(cluster.acts.slice(-2)).toEqual(['pause', 'resume'])
    leavesNothingBehind(cluster)
  })
})

describe('a switchover that Patroni does not end', () => {
  it('lets the clients go on before the poolers would do it themselves', async () => {
    const cluster = await aCluster({ patroni: 'ignores' })
    let resumedAtMs = 0
    cluster.onSleep = (nowMs) => {
      if (cluster.isPaused) resumedAtMs = nowMs
    }
    const error = await failing(cluster)
    expect(error.code).toBe('NOT_HEALTHY_IN_TIME')
    expect(resumedAtMs).toBeGreaterThan(8000)
    expect(resumedAtMs).toBeLessThan(9000)
    expect(cluster.events.map(({ kind }) => kind)).toEqual(['switchover.failed'])
  })

  it('is done all the same when the new primary comes after the clients went on', async () => {
    const cluster = await aCluster({ patroni: 'ignores' })
    cluster.onSleep = (nowMs) => {
      if (nowMs > 12_000 && cluster.primary === 'neurondb-member-1')
        void cluster.promote('neurondb-member-3')
    }
    const result = await switchover(WHY, cluster.deps())
    expect(result.to).toBe('neurondb-member-3')
    expect(cluster.isPaused).toBe(false)
  })
})
