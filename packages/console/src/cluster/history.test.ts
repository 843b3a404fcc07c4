import { describe, expect, it } from 'vitest'
import { changesBetween } from './changes.ts'
import { headlineOf } from './headline.ts'
import { nextView, parseLsn, walBytesPerSecond, type ClusterView } from './history.ts'
import { aMember, aStatus } from './testing.ts'

const START_MS = Date.parse('2026-11-23T10:00:00.000Z')

const textsOf = (changes: ReturnType<typeof changesBetween>) => changes.map(({ text }) => text)

describe('changes between two observations', () => {
  it('begin with the primary and the health of the cluster', () => {
    const changes = changesBetween(aStatus('m-1'), aStatus(null))
    expect(textsOf(changes).slice(0, 2)).toEqual(['No primary: writes wait', 'The cluster is down'])
  })

  it('name the new primary and its timeline', () => {
    expect(textsOf(changesBetween(aStatus('m-1'), aStatus('m-2')))).toEqual([
      'm-2 is primary on timeline 4',
    ])
  })

  it('tell why a container is not healthy', () => {
    const before = aStatus()
    const services = before.services.map((service, index) =>
      index === 2 ? { ...service, healthy: false, detail: 'connection refused' } : service,
    )
    expect(textsOf(changesBetween(before, { ...before, services }))).toEqual([
      'agent-2 is unhealthy: connection refused',
    ])
  })

  it('are none when only numbers changed', () => {
    const members = aStatus().members.map((member) => ({ ...member, lag_ms: 9, connections: 99 }))
    expect(changesBetween(aStatus(), aStatus('m-1', { members }))).toEqual([])
  })
})

describe('the history of a view', () => {
  it('reads LSNs as positions in bytes', () => {
    expect(parseLsn('16/B374D848')).toBe(0x16 * 2 ** 32 + 0xb374d848)
    expect(parseLsn('nonsense')).toBeNull()
    expect(parseLsn(null)).toBeNull()
  })

  const viewAfter = (seconds: number, primaryLsn: (second: number) => string): ClusterView => {
    let view: ClusterView | undefined
    for (let second = 0; second <= seconds; second += 1) {
      const members = [aMember('m-1', { role: 'primary', lsn: primaryLsn(second) })]
      const observed_at = new Date(START_MS + second * 1000).toISOString()
      const status = aStatus('m-1', { members, observed_at })
      view = nextView(view, { status, serverTimeMs: null, receivedMs: second * 1000 })
    }
    if (view === undefined) throw new Error('no view')
    return view
  }

  it('keeps a minute of samples and measures the WAL that was written', () => {
    const view = viewAfter(90, (second) => `1/${(second * 1024).toString(16)}`)
    expect(view.samples).toHaveLength(60)
    expect(walBytesPerSecond(view.samples)).toBe(1024)
  })

  it('gives no rate when the position went back, as after a failover', () => {
    const view = viewAfter(3, (second) => `1/${(9000 - second * 1024).toString(16)}`)
    expect(walBytesPerSecond(view.samples)).toBeNull()
  })

  it('is unchanged by a repeated answer', () => {
    const arrival = { status: aStatus(), serverTimeMs: null, receivedMs: 0 }
    const view = nextView(undefined, arrival)
    expect(nextView(view, { ...arrival, receivedMs: 1000 })).toBe(view)
  })
})

describe('the headline', () => {
  it('says who is primary and what commits wait for', () => {
    expect(headlineOf(aStatus())).toEqual({
      tone: 'good',
      word: 'Healthy',
      sentence: 'm-1 is primary, 2 standbys stream, every commit waits for a standby.',
    })
  })

  it('says that writes wait when nobody is primary', () => {
    expect(headlineOf(aStatus(null)).sentence).toMatch(/^No member is primary/)
  })
})
