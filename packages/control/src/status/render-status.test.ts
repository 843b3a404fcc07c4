import { describe, expect, test } from 'vitest'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { assessCluster } from '../observe/assess-cluster.ts'
import { answered, silent } from '../observe/raw-observation.ts'
import { anObservation, aStandby, gone, replaceAnswer, replaceMember } from '../observe/testing.ts'
import { renderStatus } from './render-status.ts'
import { wrap } from './text-table.ts'

const healthy = assessCluster(anObservation())

const troubled = (): ClusterStatus => {
  const raw = replaceMember(replaceMember(anObservation(), 1, gone), 3, {
    postgres: answered(aStandby({ lsn: '0/4000000', lagMs: 900 })),
  })
  const draining = answered({ healthy: false, draining: true, detail: 'draining' })
  return assessCluster({
    ...raw,
    services: replaceAnswer(
      replaceAnswer(raw.services, 'demo-agent-2', silent('connection refused')),
      'demo-mcp-1',
      draining,
    ),
    etcd: replaceAnswer(raw.etcd, 'demo-etcd-1', silent('no answer within 800 ms')),
  })
}

const after = (status: ClusterStatus, ms: number): Date =>
  new Date(Date.parse(status.observed_at) + ms)
// the escape character itself, so that a golden shows colours as readable marks
const visible = (text: string): string => text.replaceAll('\x1b', '␛')

describe('the picture', () => {
  test('of a healthy cluster on a wide terminal', async () => {
    const text = renderStatus(healthy, { color: false, width: 120, now: after(healthy, 400) })
    await expect(`${text}\n`).toMatchFileSnapshot('golden/healthy-120.txt')
  })

  test('of a troubled cluster on 80 columns, stale', async () => {
    const status = troubled()
    const text = renderStatus(status, { color: false, width: 80, now: after(status, 12_400) })
    await expect(`${text}\n`).toMatchFileSnapshot('golden/troubled-80.txt')
  })

  test('of a troubled cluster on 50 columns', async () => {
    const text = renderStatus(troubled(), { color: false, width: 50 })
    await expect(`${text}\n`).toMatchFileSnapshot('golden/troubled-50.txt')
  })

  test('in colour', async () => {
    const text = renderStatus(troubled(), { color: true, width: 100 })
    await expect(`${visible(text)}\n`).toMatchFileSnapshot('golden/troubled-colour-100.txt')
  })
})

describe('whatever the width', () => {
  test.each([50, 60, 80, 100, 140])('no line is longer than %i columns', (width) => {
    for (const status of [healthy, troubled()]) {
      const lines = renderStatus(status, { color: false, width, now: after(status, 90_000) }).split(
        '\n',
      )
      expect(lines.filter((line) => line.length > width)).toEqual([])
    }
  })

  test('colours move nothing', () => {
    const plain = renderStatus(troubled(), { color: false, width: 90 })
    const coloured = renderStatus(troubled(), { color: true, width: 90 })
    // eslint-disable-next-line no-control-regex
    expect(coloured.replace(/\x1b\[\d+m/g, '').replace(/ +$/gm, '')).toBe(plain)
  })

  test('names, roles and states of members stay', () => {
    const text = renderStatus(healthy, { color: false, width: 40 })
    expect(text).toMatch(/demo-member-2 +Quorum Standby/)
  })
})

describe('words', () => {
  test('say stale when the data are', () => {
    const fresh = renderStatus(healthy, { color: false, width: 120, now: after(healthy, 5000) })
    expect(fresh).not.toContain('STALE')
    const old = renderStatus(healthy, { color: false, width: 120, now: after(healthy, 5100) })
    expect(old).toContain('STALE: 5.1 s old')
  })

  test('are patronictl’s: Sync Standby without quorum commit, a star for a pending restart', () => {
    const status: ClusterStatus = {
      ...healthy,
      synchronous_standby_names: 'demo-member-2',
      members: healthy.members.map((member, index) => ({
        ...member,
        pending_restart: index === 3,
      })),
    }
    const text = renderStatus(status, { color: false, width: 140 })
    expect(text).toMatch(/demo-member-2 .* Sync Standby/)
    expect(text).toMatch(/Pending restart/)
    expect(text).toMatch(/demo-member-4 .*\*/)
  })

  test('say first of all that maintenance is on, by whom and why', () => {
    const maintenance = {
      by: 'ana@host-1',
      why: 'new disks in every host of the second rack, one after the other',
      since: '2026-11-23T02:40:00.000Z',
    }
    const text = renderStatus({ ...healthy, maintenance }, { color: false, width: 60 })
    expect(text.split('\n').slice(0, 6)).toEqual([
      '● demo is healthy          03:00:00 UTC by demo-controller-1',
      '  ◐ Maintenance on since 2026-11-23 02:40 UTC by ana@host-1:',
      '    new disks in every host of the second rack, one after',
      '    the other',
      '    The controllers repair nothing.',
      '',
    ])
  })

  test('say how the newest drill ended, how long ago and what it measured', () => {
    const drill = { drill: 'service-kill', variant: 'mcp', started_at: '2026-11-22T23:00:00.000Z' }
    const lineOf = (last_drill: ClusterStatus['last_drill']) =>
      renderStatus({ ...healthy, last_drill }, { color: false, width: 100 })
        .split('\n')
        .find((line) => line.startsWith('last drill'))
    expect(lineOf({ ...drill, verdict: 'pass', rto_ms: 2834 })).toBe(
      'last drill   ● service-kill mcp  passed 4 h ago, RTO 2.8 s',
    )
    expect(lineOf({ ...drill, verdict: 'aborted', rto_ms: null })).toBe(
      'last drill   ✗ service-kill mcp  was given up 4 h ago',
    )
    expect(lineOf(null)).toBe('last drill   none known')
  })

  test('name the failure domain when there is more than one', () => {
    const status = {
      ...healthy,
      members: healthy.members.map((member, index) => ({ ...member, host: `rack-${index % 2}` })),
    }
    expect(renderStatus(status, { color: false, width: 140 })).toMatch(/Domain.*\n.*rack-0/)
    expect(renderStatus(healthy, { color: false, width: 140 })).not.toContain('Domain')
  })
})

test('wrap keeps words whole', () => {
  expect(wrap('one two three', 7)).toEqual(['one two', 'three'])
  expect(wrap('extraordinary', 5)).toEqual(['extraordinary'])
})
