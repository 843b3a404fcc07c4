import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { CoordinationView } from './coordination-view.ts'
import { RepairLoop } from './repair-loop.ts'
import { aSnapshot } from './testing.ts'

const aView = (): CoordinationView => ({
  snapshot: aSnapshot({ askedAt: Date.now(), seenAt: Date.now() }),
  record: null,
  recordModRevision: '0',
  storedTerm: undefined,
  maintenance: null,
  isSwitchoverOpen: false,
  holds: new Map(),
})

const aContainer = (component: string, state: string) => ({
  ...{ id: `id-${component}`, name: `demo-${component}-1`, component, state },
  ...{ image: 'image:1', config: 'a', start: 'a' },
})

beforeEach(() => vi.useFakeTimers())
afterEach(() => vi.useRealTimers())

test('starts what was stopped, and never a container that rests or one that is no part of the cluster', async () => {
  const started: string[] = []
  const events: NewEvent[] = []
  const loop = new RepairLoop({
    engine: {
      list: () =>
        Promise.resolve(
          ['agent', 'drill', 'loadgen'].map((component) => aContainer(component, 'exited')),
        ),
      inspect: () => Promise.resolve(undefined),
      start: (name) => Promise.resolve(void started.push(name)),
    },
    lease: { isActive: () => true, spareMs: () => 4000 },
    events: { record: (event) => void events.push(event) },
    logger: { warn: () => undefined } as never,
    now: () => Date.now(),
  })
  loop.noteView(aView())
  loop.start()
  for (let second = 0; second < 120; second += 1) {
    await vi.advanceTimersByTimeAsync(1000)
    loop.noteView(aView())
  }
  await loop.close()
  expect(new Set(started)).toEqual(new Set(['demo-agent-1']))
  expect(new Set(events.map(({ target }) => target))).toEqual(new Set(['demo-agent-1']))
})
