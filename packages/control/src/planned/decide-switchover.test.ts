import { describe, expect, it } from 'vitest'
import { aMember, aStatus } from '../drills/testing.ts'
import {
  decideSwitchover,
  MAX_CANDIDATE_LAG_BYTES,
  PAUSE_DEADLINE_MS,
  type SwitchoverRequest,
} from './decide-switchover.ts'
import type { SwitchoverFacts } from './switchover-facts.ts'
import { aTransaction } from './testing.ts'

const [one, two, three, four] = [1, 2, 3, 4].map((n) => `neurondb-member-${n}`) as [
  string,
  string,
  string,
  string,
]

const healthy = (): SwitchoverFacts => ({
  status: aStatus({
    members: [
      aMember(one, 'primary'),
      aMember(two, 'sync standby'),
      { ...aMember(three, 'sync standby'), lag_bytes: 100 },
      aMember(four, 'sync standby'),
    ],
  }),
  leader: one,
  sync: { leader: one, voters: [two, three, four], quorum: 2 },
  patroniRequest: null,
  openFence: null,
  running: null,
  maintenance: null,
  transactions: [aTransaction()],
  revisions: {},
})

const request = (change: Partial<SwitchoverRequest> = {}): SwitchoverRequest => ({
  actor: 'ana@host-1',
  force: false,
  syncStandbys: 1,
  ...change,
})

const reasons = (
  facts: Partial<SwitchoverFacts>,
  change: Partial<SwitchoverRequest> = {},
): readonly string[] => {
  const decision = decideSwitchover({ ...healthy(), ...facts }, request(change))
  return decision.kind === 'refuse' ? decision.reasons : []
}

const withMember = (name: string, change: object): Pick<SwitchoverFacts, 'status'> => {
  const { status } = healthy()
  const members = status.members.map((member) =>
    member.name === name ? { ...member, ...change } : member,
  )
  return { status: { ...status, members } }
}

describe('decideSwitchover', () => {
  it('lets all standbys race when nobody in particular is asked for', () => {
    expect(decideSwitchover(healthy(), request())).toEqual({
      kind: 'go',
      from: one,
      to: two,
      runners: [two, four, three],
    })
  })

  it('keeps to the member that was asked for', () => {
    expect(decideSwitchover(healthy(), request({ to: three }))).toMatchObject({
      to: three,
      runners: [three],
    })
  })

  it('lets nobody race when one of the standbys must not win', () => {
    expect(decideSwitchover(healthy(), request({ among: [one, two, three] }))).toMatchObject({
      runners: [two],
    })
    const behind = withMember(four, { lag_bytes: MAX_CANDIDATE_LAG_BYTES + 1 })
    expect(decideSwitchover({ ...healthy(), ...behind }, request())).toMatchObject({
      runners: [two],
    })
  })

  it('lets nobody race without one vote more than the quorum', () => {
    const sync = { ...healthy().sync, quorum: 3 }
    expect(decideSwitchover({ ...healthy(), sync }, request())).toMatchObject({ runners: [two] })
  })

  it.each<[string, Partial<SwitchoverFacts>]>([
    ['a fence is going on', { openFence: 'intended' }],
    ['another switchover', { running: { by: 'b', from: one, to: two, since: '' } }],
    ['Patroni has a request', { patroniRequest: '{"leader":"x"}' }],
    ['has the cluster in maintenance', { maintenance: { by: 'bo@h', why: 'disks', since: '' } }],
    ['Patroni is paused', { status: { ...healthy().status, patroni_paused: true } }],
    ['failsafe is active', { status: { ...healthy().status, failsafe_active: true } }],
    ['lock is held by', { leader: two }],
    ['the last change of the primary is not over', { sync: { ...healthy().sync, leader: two } }],
    ['does not answer the question', { transactions: null }],
    ['there is no running primary', withMember(one, { state: 'stopped' })],
  ])('refuses because %s', (words, facts) => {
    expect(reasons(facts).join('\n')).toContain(words)
  })

  it('refuses while a pooler cannot be held, or is held already', () => {
    const pooler = { name: 'p-1', healthy: false, detail: 'connection refused', databases: [] }
    const { status } = healthy()
    expect(reasons({ status: { ...status, poolers: [pooler] } })).toEqual([
      'p-1 cannot hold its clients: connection refused',
    ])
    const counts = { clients: 1, waiting: 1, servers: 0, max_wait_ms: 10 }
    const databases = [{ name: 'neurondb', paused: true, ...counts }]
    expect(reasons({ status: { ...status, poolers: [{ ...pooler, databases }] } })).toEqual([
      'p-1 holds neurondb already (paused); it resumes by itself within 10 s',
    ])
  })

  it('refuses while a router sends writes elsewhere', () => {
    const router = { name: 'r-2', healthy: true, detail: '', read_from: [], sessions: 0 }
    const routers = [{ ...router, write_to: two }]
    expect(reasons({ status: { ...healthy().status, routers } })).toEqual([
      `r-2 sends writes to ${two}`,
    ])
  })

  it('names the transactions that would not end in time, and the commits that wait for a standby', () => {
    const long = aTransaction({ ageMs: PAUSE_DEADLINE_MS, state: 'idle in transaction' })
    expect(reasons({ transactions: [long] })).toEqual([
      'a transaction would not end in time: shop_owner (report) in shop, process 4711, idle in transaction, open for 1.5 s: select 1',
    ])
    const waiting = aTransaction({ ageMs: 9000, waitsForStandby: true })
    expect(reasons({ transactions: [waiting, waiting] })).toEqual([
      '2 commits wait for a standby’s acknowledgement: no standby keeps up',
    ])
  })

  it('says everything at once', () => {
    const facts = { openFence: 'intended', transactions: [aTransaction({ ageMs: 5000 })] }
    expect(reasons(facts, { to: one })).toHaveLength(3)
  })

  it('gives way to maintenance by oneself, and by force to that of others', () => {
    const maintenance = { by: 'bo@h', why: 'disks', since: '' }
    expect(reasons({ maintenance }, { actor: 'bo@h' })).toEqual([])
    expect(reasons({ maintenance }, { force: true })).toEqual([])
  })

  it.each<[string, Partial<SwitchoverFacts>]>([
    ['is not among the synchronous standbys', { sync: { leader: one, voters: [two], quorum: 1 } }],
    ['does not stream (starting)', withMember(three, { state: 'starting' })],
    ['17 MB behind', withMember(three, { lag_bytes: 17 * 1024 ** 2 })],
  ])('refuses a candidate that %s', (words, facts) => {
    expect(reasons(facts, { to: three }).join('\n')).toContain(words)
  })

  it('refuses when too few standbys would be left to acknowledge commits', () => {
    const facts = withMember(three, { state: 'stopped' })
    expect(reasons(facts)).toEqual([])
    expect(reasons(facts, { syncStandbys: 2 }).join('')).toContain('only 1 of 2 other standbys')
  })

  it('does not refuse a file that has no other standby', () => {
    const { status } = healthy()
    const facts = {
      status: { ...status, members: status.members.slice(0, 2) },
      sync: { leader: one, voters: [two], quorum: 1 },
    }
    expect(reasons(facts)).toEqual([])
  })
})
