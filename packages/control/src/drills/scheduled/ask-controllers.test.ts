import type { EventsPage } from '@neuronha/core/contracts/events.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { anEvent, START_MS } from '../../events/testing.ts'
import type { HttpAnswer, HttpClient } from '../../observe/http-client.ts'
import { aStatus } from '../testing.ts'
import { askControllers } from './ask-controllers.ts'

const CONTROLLERS = [
  { name: 'demo-controller-1', address: '10.77.0.191' },
  { name: 'demo-controller-2', address: '10.77.0.192' },
]

type Answering = (path: string) => HttpAnswer

const json = (value: unknown, status = 200): HttpAnswer => ({ status, body: JSON.stringify(value) })
const silent: Answering = () => {
  throw new PlatformError('UPSTREAM_TIMEOUT', 'no answer in time')
}

/** Two controllers that may each be made to answer otherwise. */
class FakeControllers implements Pick<HttpClient, 'get'> {
  readonly asked: string[] = []
  readonly answers: Record<string, Answering>
  constructor(first: Answering, second: Answering) {
    this.answers = { '10.77.0.191': first, '10.77.0.192': second }
  }
  readonly get = (url: string): Promise<HttpAnswer> => {
    const { hostname, pathname, search } = new URL(url)
    this.asked.push(hostname)
    return Promise.resolve().then(() => (this.answers[hostname] ?? silent)(`${pathname}${search}`))
  }
}

const looking: Answering = () => json(aStatus({ observer: 'demo-controller-1' }))

afterEach(() => vi.useRealTimers())

describe('a look at the cluster', () => {
  it('is that of the controller that answers', async () => {
    const http = new FakeControllers(looking, silent)
    expect(await askControllers(CONTROLLERS, http).observe()).toEqual(
      aStatus({ observer: 'demo-controller-1' }),
    )
    expect(http.asked).toEqual(['10.77.0.191'])
  })

  it.each([
    ['does not answer', silent],
    ['answers that it cannot', () => json({ code: 'UNAVAILABLE' }, 503)],
    ['answers something else', () => ({ status: 200, body: '<html>' })],
  ] as const)(
    'is the other one’s when the first %s, who is then asked first',
    async (_what, broken) => {
      const http = new FakeControllers(broken, looking)
      const view = askControllers(CONTROLLERS, http)
      await view.observe()
      await view.observe()
      expect(http.asked).toEqual(['10.77.0.191', '10.77.0.192', '10.77.0.192'])
    },
  )

  it('waits for a controller to take over, and gives up when none does', async () => {
    vi.useFakeTimers()
    const http = new FakeControllers(silent, silent)
    const view = askControllers(CONTROLLERS, http)
    const taken = view.observe()
    await vi.advanceTimersByTimeAsync(15_000)
    http.answers['10.77.0.192'] = looking
    await vi.advanceTimersByTimeAsync(1000)
    expect((await taken).health).toBe('healthy')

    http.answers['10.77.0.192'] = silent
    const given = expect(view.observe()).rejects.toMatchObject({ code: 'CLUSTER_DEGRADED' })
    await vi.advanceTimersByTimeAsync(25_000)
    await given
  })
})

describe('what controllers and commands said they did', () => {
  /** As `GET /v1/events` pages: the newest that were asked for, the newest last. */
  const paging =
    (count: number, pageSize: number): Answering =>
    (path) => {
      const query = new URLSearchParams(path.split('?')[1])
      const before = query.get('before')
      const since = Date.parse(query.get('since') ?? '')
      const all = Array.from({ length: count }, (_, n) => anEvent(n + 1)).filter(
        ({ id, at }) => Date.parse(at) >= since && (before === null || id < before),
      )
      const items = all.slice(-pageSize)
      return json({
        items,
        has_older: items.length < all.length,
        incomplete: [],
      } satisfies EventsPage)
    }

  it('is read page by page, each once, in order', async () => {
    const http = new FakeControllers(paging(25, 10), silent)
    const events = await askControllers(CONTROLLERS, http).events(START_MS, Infinity)
    expect(events.map(({ summary }) => summary)).toEqual(
      Array.from({ length: 25 }, (_, n) => `event ${n + 1}`),
    )
    expect(http.asked).toHaveLength(3)
  })

  it('goes on at the other controller when one dies between two pages', async () => {
    const http = new FakeControllers(paging(25, 10), paging(25, 10))
    const [first = silent] = Object.values(http.answers)
    http.answers['10.77.0.191'] = (path) => {
      http.answers['10.77.0.191'] = silent
      return first(path)
    }
    const events = await askControllers(CONTROLLERS, http).events(START_MS, Infinity)
    expect(events).toHaveLength(25)
    expect(http.asked).toEqual(['10.77.0.191', '10.77.0.191', '10.77.0.192', '10.77.0.192'])
  })

  it('is of the time that was asked for alone', async () => {
    const http = new FakeControllers(paging(25, 10), silent)
    const events = await askControllers(CONTROLLERS, http).events(
      START_MS + 5000,
      START_MS + 20_000,
    )
    expect(events[0]?.summary).toBe('event 5')
    expect(events.at(-1)?.summary).toBe('event 20')
  })

  it('is nothing when nothing was said', async () => {
    const http = new FakeControllers(paging(0, 10), silent)
    expect(await askControllers(CONTROLLERS, http).events(START_MS, Infinity)).toEqual([])
  })
})
