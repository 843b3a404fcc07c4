import { describe, expect, test } from 'vitest'
import { lagBytes } from './lsn.ts'
import { sumPools, type PoolRow } from './observe-poolers.ts'
import { parseHaproxyStatistics, parseStubStatus } from './observe-proxies.ts'
import { describeHealth } from './observe-services.ts'
import { observeSlowFacts } from './observe-slow-facts.ts'
import { bytes, duration, list } from './words.ts'

const CSV = `# pxname,svname,qcur,qmax,scur,smax,slim,stot,bin,bout,dreq,dresp,ereq,econ,eresp,wretr,wredis,status,weight,act,bck,chkfail,chkdown,lastchg,downtime,qlimit,pid,iid,sid,throttle,lbtot,tracked,type,rate,req_tot,
write,FRONTEND,,,3,4,1000,40,1,1,0,0,0,,,,,OPEN,,,,,,,,,1,2,0,,,,0,0,,
write,demo-member-1,0,0,3,4,,40,1,1,,0,,0,0,0,0,UP,1,1,0,0,0,9,0,,1,2,1,,40,,2,0,,
write,demo-member-2,0,0,0,0,,0,0,0,,0,,0,0,0,0,DOWN 1/2,1,1,0,1,1,9,9,,1,2,2,,0,,2,0,,
write,BACKEND,0,0,3,4,100,40,1,1,0,0,,0,0,0,0,UP,1,1,0,,0,9,0,,1,2,0,,40,,1,0,,
read,primary-demo-member-1,0,0,0,0,,0,0,0,,0,,0,0,0,0,UP 1/2,1,0,1,0,0,9,0,,1,3,1,,0,,2,0,,
stats,FRONTEND,,,7,7,1000,90,1,1,0,0,0,,,,,OPEN,,,,,,,,,1,5,0,,,,0,0,90,
`

describe('HAProxy statistics', () => {
  test('give each section its servers, up or not, and leave out our own look', () => {
    expect(parseHaproxyStatistics(CSV)).toEqual({
      proxies: {
        write: [
          { name: 'demo-member-1', up: true, backup: false },
          { name: 'demo-member-2', up: false, backup: false },
        ],
        read: [{ name: 'primary-demo-member-1', up: true, backup: true }],
      },
      sessions: 3,
      requests: 40,
    })
  })

  test('refuse a page that is something else', () => {
    expect(() => parseHaproxyStatistics('<html>')).toThrow('something else')
  })
})

test('nginx status gives connections and requests', () => {
  const text =
    'Active connections: 2 \nserver accepts handled requests\n 31 31 94 \nReading: 0 Writing: 1 Waiting: 1 \n'
  expect(parseStubStatus(text)).toEqual({ connections: 2, requests: 94 })
  expect(() => parseStubStatus('ok')).toThrow('something else')
})

test('pools of all users of a database are summed, the console left out', () => {
  const pool = (change: Partial<PoolRow>): PoolRow => ({
    database: 'neurondb',
    cl_active: '1',
    cl_waiting: '0',
    sv_active: '1',
    sv_idle: '1',
    sv_used: '0',
    sv_tested: '0',
    sv_login: '0',
    maxwait: '0',
    maxwait_us: '0',
    ...change,
  })
  const summed = sumPools(
    [
      pool({}),
      pool({ cl_waiting: '2', maxwait: '1', maxwait_us: '500000' }),
      pool({ database: 'pgbouncer' }),
    ],
    [
      { name: 'pgbouncer', paused: '0' },
      { name: 'neurondb', paused: '1' },
      { name: 'empty', paused: '0' },
    ],
  )
  expect(summed).toEqual([
    { name: 'empty', clients: 0, waiting: 0, servers: 0, maxWaitMs: 0, paused: false },
    { name: 'neurondb', clients: 4, waiting: 2, servers: 4, maxWaitMs: 1500, paused: true },
  ])
})

describe('health answers', () => {
  test('name the checks that failed', () => {
    const body = JSON.stringify({
      ready: false,
      draining: false,
      checks: { database: { ok: false, detail: 'no pooler' }, schema: { ok: true } },
    })
    expect(describeHealth(503, body)).toEqual({
      healthy: false,
      draining: false,
      detail: 'database: no pooler',
    })
  })

  test('of plain nginx are healthy by their status alone', () => {
    expect(describeHealth(200, 'ok')).toEqual({ healthy: true, draining: false, detail: '' })
    expect(describeHealth(502, '<html>')).toEqual({
      healthy: false,
      draining: false,
      detail: 'HTTP 502',
    })
  })
})

test('WAL positions subtract across the 4 GB boundary and never below zero', () => {
  expect(lagBytes('1/0', '0/FFFFFF00')).toBe(256)
  expect(lagBytes('0/1', '0/2')).toBe(0)
  expect(lagBytes('0/1', '')).toBeNull()
})

test('numbers read as people write them', () => {
  expect([0, 812, 1434, 16 * 1024 ** 2].map(bytes)).toEqual(['0 B', '812 B', '1.4 kB', '16 MB'])
  expect([4, 1200, 40_000, 180_000].map(duration)).toEqual(['4 ms', '1.2 s', '40 s', '3 min'])
  expect([9e6, 172e6, 259_200_000].map(duration)).toEqual(['3 h', '48 h', '3 days'])
  expect(list(['a', 'b', 'c'])).toBe('a, b and c')
})

describe('the newest drill', () => {
  const disk = { block_bytes: '4096', blocks: '100', free_blocks: '60', available_blocks: '50' }
  const drill = { drill: 'switchover', variant: '', verdict: 'pass', rto_ms: 900 }
  const observed = async (answer: () => Promise<readonly unknown[]>) => {
    const query = (text: string) =>
      text.includes('neuronha.drills') ? answer() : Promise.resolve([disk])
    const client = { query, close: () => Promise.resolve() } as never
    return observeSlowFacts(client, 1000)
  }

  test('is read beside the disk', async () => {
    const row = { ...drill, started_at: '2026-11-22T03:00:00.000Z' }
    expect(await observed(() => Promise.resolve([row]))).toMatchObject({ lastDrill: row })
  })

  test.each([
    ['that code of another version wrote', () => Promise.resolve([{ ...drill, verdict: 'new' }])],
    ['that cannot be asked for', () => Promise.reject(new Error('no such table'))],
    ['that is not there', () => Promise.resolve([])],
  ])('%s does not hide the disk', async (_which, answer) => {
    const facts = await observed(answer)
    expect(facts.lastDrill).toBeNull()
    expect(facts.disk.sizeBytes).toBe(409_600)
  })
})
