import { expect, test } from 'vitest'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { createNotices, sparing } from './controller-events.ts'

type Seen = Pick<ClusterStatus, 'health' | 'reasons'>

const someNotices = () => {
  const events: NewEvent[] = []
  const state: { isActive: boolean; seen: Seen | undefined } = { isActive: false, seen: undefined }
  const look = createNotices(
    { record: (event) => void events.push(event) },
    {
      config: { cluster: 'demo', replica: 'demo-controller-1' } as never,
      isActive: () => state.isActive,
      latest: () => state.seen,
    },
  )
  const see = (health: Seen['health'], times = 1): void => {
    state.seen = { health, reasons: health === 'healthy' ? [] : ['why'] }
    for (let n = 0; n < times; n += 1) look()
  }
  const said = () => events.splice(0).map(({ summary }) => summary)
  return { state, look, see, said, events }
}

test('a standby records nothing, and a term begins with what it finds', () => {
  const { state, see, said, look } = someNotices()
  see('down', 3)
  expect(said()).toEqual([])
  state.isActive = true
  state.seen = undefined
  look()
  expect(said()).toEqual([])
  see('down', 3)
  expect(said()).toEqual(['demo-controller-1 is the active controller now; demo is down: why'])
  see('healthy')
  state.isActive = false
  look()
  expect(said()).toEqual([
    'demo is healthy',
    'demo-controller-1 is no longer the active controller',
  ])
})

test('down is recorded at once, a hiccup of a standby is not', () => {
  const { state, see, said, events } = someNotices()
  state.isActive = true
  see('healthy')
  said()
  see('degraded', 2)
  see('healthy', 2)
  expect(said()).toEqual([])
  see('degraded', 10)
  see('healthy')
  expect(said()).toEqual(['demo is degraded: why', 'demo is healthy'])
  see('down')
  expect(events).toMatchObject([{ severity: 'critical', evidence: { reasons: ['why'] } }])
})

test('events stay in etcd while the primary is replaced, and not for ever', async () => {
  let busy = true
  let turns = 0
  const turn = sparing(
    () => busy,
    () => Promise.resolve(void (turns += 1)),
  )
  for (let nth = 0; nth < 10; nth += 1) await turn()
  expect(turns).toBe(0)
  await turn()
  expect(turns).toBe(1)
  busy = false
  await turn()
  await turn()
  expect(turns).toBe(3)
})
