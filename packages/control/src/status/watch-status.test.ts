import { EventEmitter } from 'node:events'
import { expect, test } from 'vitest'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { assessCluster } from '../observe/assess-cluster.ts'
import { anObservation } from '../observe/testing.ts'
import { fitRows, watchStatus } from './watch-status.ts'

class FakeTerminal extends EventEmitter {
  readonly isTTY: boolean
  columns = 100
  rows = 40
  written = ''
  constructor(isTTY: boolean) {
    super()
    this.isTTY = isTTY
  }
  write(text: string): void {
    this.written += text
  }
}

class FakeKeyboard extends EventEmitter {
  readonly isTTY = true
  raw = false
  setRawMode(raw: boolean): void {
    this.raw = raw
  }
  resume(): void {
    this.emit('resumed')
  }
  pause(): void {
    this.emit('paused')
  }
}

const healthy = assessCluster(anObservation({ observedAt: new Date() }))
const until = async (met: () => boolean): Promise<void> => {
  while (!met()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('draws in place on its own screen, and gives the terminal back on q', async () => {
  const [out, input] = [new FakeTerminal(true), new FakeKeyboard()]
  const watching = watchStatus({
    observe: () => Promise.resolve(healthy),
    intervalMs: 10,
    out,
    input,
  })
  await until(() => out.written.includes('Lag in ms'))
  expect(input.raw).toBe(true)
  input.emit('data', Buffer.from('q'))
  await watching
  expect(out.written.startsWith('\x1b[?1049h\x1b[?25l')).toBe(true)
  expect(out.written.endsWith('\x1b[?25h\x1b[?1049l')).toBe(true)
  expect(out.written).not.toContain('\x1b[2J')
  expect(input.raw).toBe(false)
  expect([out.listenerCount('resize'), input.listenerCount('data')]).toEqual([0, 0])
})

test('ends with its signal although an answer is still awaited', async () => {
  const out = new FakeTerminal(true)
  const never = () => new Promise<ClusterStatus>(() => undefined)
  const started = performance.now()
  await watchStatus({ observe: never, intervalMs: 1000, out, signal: AbortSignal.timeout(20) })
  expect(performance.now() - started).toBeLessThan(500)
  expect(out.written).toContain('Looking at the cluster')
  expect(out.written.endsWith('\x1b[?1049l')).toBe(true)
})

test('keeps the last picture, its age and the reason when the cluster cannot be seen', async () => {
  const [out, input] = [new FakeTerminal(true), new FakeKeyboard()]
  let looks = 0
  const observe = () =>
    ++looks === 1 ? Promise.resolve(healthy) : Promise.reject(new Error('no controller answers'))
  const now = () => new Date(Date.parse(healthy.observed_at) + 8000)
  const watching = watchStatus({ observe, intervalMs: 10, out, input, now })
  await until(() => out.written.includes('Cannot see the cluster: no controller answers'))
  input.emit('data', Buffer.from('\x03'))
  await watching
  const lastFrame = out.written.split('\x1b[?2026h').at(-1)
  expect(lastFrame).toContain('STALE: 8.0 s old')
  expect(lastFrame).toContain('demo-member-1')
})

test('draws again when the window changes', async () => {
  const [out, input] = [new FakeTerminal(true), new FakeKeyboard()]
  const watching = watchStatus({
    observe: () => Promise.resolve(healthy),
    intervalMs: 60_000,
    out,
    input,
  })
  await until(() => out.written.includes('Lag in ms'))
  out.written = ''
  out.columns = 40
  out.emit('resize')
  expect(out.written).not.toContain('Lag in ms')
  input.emit('data', Buffer.from('q'))
  await watching
})

test('prints one plain picture after another where there is no terminal', async () => {
  const out = new FakeTerminal(false)
  await watchStatus({
    observe: () => Promise.resolve(healthy),
    intervalMs: 10,
    out,
    signal: AbortSignal.timeout(200),
  })
  expect(out.written).not.toContain('\x1b')
  expect(out.written.split('demo is healthy').length).toBeGreaterThan(2)
})

test('a picture taller than the window is cut, and says so', () => {
  expect(fitRows(['a', 'b', 'c'], 3)).toEqual(['a', 'b', 'c'])
  expect(fitRows(['a', 'b', 'c', 'd'], 3)).toEqual([
    'a',
    'b',
    '… 2 more lines; make the window taller',
  ])
})
