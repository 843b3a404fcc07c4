import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { FenceRecord, NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { RESUME_BY_MS } from '../poolers/pooler-fleet.ts'
import { ClientPause, KEEP_OPEN_EVERY_MS, type PauseView } from './client-pause.ts'
import { aRecord } from './testing.ts'
import { SETTLE_MS } from './write-probe.ts'

let asked: string[]
let events: NewEvent[]
let nowMs: number
let isShowing: boolean
/** Each answers one PAUSE. */
let open: (() => void)[]
let clients: ClientPause

const look = (change: Partial<PauseView> = {}): void =>
  clients.noteLook({
    record: null,
    refusing: undefined,
    maintenance: null,
    isSwitchoverOpen: false,
    holds: new Map(),
    ...change,
  })
const fence = (change: Partial<FenceRecord> = {}): Partial<PauseView> => ({
  record: aRecord(change),
})
const answerPause = (): void => {
  for (const answer of open) answer()
}
const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

beforeEach(() => {
  asked = []
  open = []
  events = []
  nowMs = 1000
  isShowing = false
  clients = new ClientPause({
    poolers: {
      open: () => Promise.resolve(void asked.push('open')),
      pause: () => {
        asked.push('PAUSE')
        const { promise, resolve } = Promise.withResolvers<readonly string[]>()
        open.push(() => resolve([]))
        return promise
      },
      resume: () => {
        asked.push('RESUME')
        return Promise.resolve([])
      },
      close: () => Promise.resolve(),
    },
    onHeld: () => void asked.push('show again'),
    isShowing: () => isShowing,
    events: { record: (event) => void events.push(event) },
    logger: { warn: () => undefined },
    now: () => nowMs,
  })
})

afterEach(async () => {
  answerPause()
  await clients.close()
})

const HELD = ['PAUSE', 'show again']

it('hands over from the first PAUSE until the clients have logged in again', () => {
  expect(clients.isHandingOver()).toBe(false)
  look({ refusing: 'm1' })
  nowMs += 3000
  expect(clients.isHandingOver()).toBe(true)
  clients.noteShown('m2')
  nowMs += SETTLE_MS - 1
  expect(clients.isHandingOver()).toBe(true)
  nowMs += 1
  expect(clients.isHandingOver()).toBe(false)
})

it('knows of a switchover, which holds the clients itself', () => {
  look({ isSwitchoverOpen: true })
  nowMs += SETTLE_MS - 1
  expect(clients.isHandingOver()).toBe(true)
  expect(asked).not.toContain('PAUSE')
  nowMs += 1
  expect(clients.isHandingOver()).toBe(false)
})

describe('while a fence is open', () => {
  it('holds the clients once, until the routers lead to the new primary', async () => {
    look(fence({ phase: 'intended' }))
    answerPause()
    await settled()
    look(fence({ phase: 'revoked' }))
    nowMs = 2500
    clients.noteShown('m2')
    await settled()
    look(fence({ phase: 'revoked' }))
    expect(asked).toEqual([...HELD, 'RESUME', 'RESUME'])
    expect(events.map(({ summary }) => summary)).toEqual([
      'clients were held for 1500 ms, until the routers lead to m2',
    ])
  })

  it('lets them go when it is closed, whatever came of it', async () => {
    look(fence())
    answerPause()
    look(fence({ phase: 'abandoned' }))
    await settled()
    expect(asked).toEqual([...HELD, 'RESUME', 'RESUME'])
  })

  it('is not taken in by the fenced member being shown', () => {
    look(fence())
    clients.noteShown(aRecord().term.member)
    expect(asked).toEqual(HELD)
  })

  it.each(['patroni-hung', 'no-new-connections'] as const)(
    'leaves the clients of a primary that writes alone until it is killed (%s)',
    (reason) => {
      look(fence({ phase: 'intended', reason }))
      expect(asked).not.toContain('PAUSE')
      look(fence({ phase: 'confirmed', reason }))
      expect(asked).toContain('PAUSE')
    },
  )

  it('goes on to hold those whom a refusing primary had made wait already', () => {
    look({ refusing: 'm1' })
    look(fence())
    clients.noteShown('m2')
    look({ ...fence(), refusing: 'm1' })
    expect(asked).toEqual([...HELD, 'RESUME'])
  })
})

describe('while the primary refuses writes', () => {
  it('holds the clients until the routers were told of one that writes', () => {
    look({ refusing: 'm1' })
    look({ refusing: 'm1' })
    isShowing = true
    look()
    expect(asked).toEqual(HELD)
    clients.noteShown('m1')
    look()
    expect(asked).toEqual([...HELD, 'RESUME', 'open'])
  })

  it('lets them go when the refusal was a moment’s', () => {
    look({ refusing: 'm1' })
    look()
    expect(asked).toEqual([...HELD, 'RESUME'])
  })

  it('holds them again at the next outage', () => {
    look({ refusing: 'm1' })
    look()
    look()
    look({ refusing: 'm1' })
    expect(asked.filter((what) => what === 'PAUSE')).toHaveLength(2)
  })

  it.each([
    ['in maintenance', { maintenance: { by: 'x', why: '', since: '', until: '' } }],
    ['during a switchover', { isSwitchoverOpen: true }],
    ['when a planned act holds the member', { holds: new Map([['m1', {}]]) }],
  ] as [string, Partial<PauseView>][])('leaves them alone %s', (_, change) => {
    look({ refusing: 'm1', ...change })
    expect(asked).not.toContain('PAUSE')
  })
})

it('lets them go in time though no look ends, and does not hold them again', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  look(fence({ phase: 'revoked' }))
  vi.advanceTimersByTime(RESUME_BY_MS - 1)
  expect(asked).toEqual(HELD)
  vi.advanceTimersByTime(1)
  look(fence({ phase: 'revoked' }))
  expect(asked).toEqual([...HELD, 'RESUME'])
  vi.useRealTimers()
})

it('lets them go when another controller becomes the active one, or this one ends', async () => {
  look(fence())
  clients.rest()
  expect(asked).toEqual([...HELD, 'RESUME'])
  answerPause()
  await settled()
  look(fence({ id: 'f2' }))
  answerPause()
  await clients.close()
  expect(asked).toEqual([...HELD, 'RESUME', 'RESUME', ...HELD, 'RESUME', 'RESUME'])
})

it('gives the last word to RESUME when the answer to PAUSE comes late', async () => {
  look(fence())
  clients.noteShown('m2')
  await settled()
  expect(asked).toEqual([...HELD, 'RESUME'])
  answerPause()
  await settled()
  expect(asked).toEqual([...HELD, 'RESUME', 'RESUME'])
})

it('leaves the hold of the next fence alone when the answer to the first PAUSE comes late', async () => {
  look(fence())
  look(fence({ phase: 'released' }))
  look(fence({ id: 'f2' }))
  open[0]?.()
  await settled()
  expect(asked).toEqual([...HELD, 'RESUME', ...HELD])
})

it('keeps the connections to the consoles while nothing is wrong', async () => {
  look()
  look(fence({ phase: 'released' }))
  nowMs += KEEP_OPEN_EVERY_MS
  look()
  await settled()
  expect(asked).toEqual(['open', 'open'])
})
