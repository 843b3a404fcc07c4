import { describe, expect, it } from 'vitest'
import { createEventDecoder } from './engine-events.ts'

const line = (change: object = {}, attributes: object = {}): string =>
  `${JSON.stringify({
    status: 'die',
    Type: 'container',
    Action: 'die',
    Actor: {
      ID: 'abc',
      Attributes: {
        name: 'demo-member-1',
        exitCode: '137',
        'neuronha.cluster': 'demo',
        ...attributes,
      },
    },
    time: 1_795_000_000,
    timeNano: 1_795_000_000_123_456_000,
    ...change,
  })}\n`

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

describe('the decoder of the engine’s events', () => {
  it('reads what happened, to whom and when', () => {
    const [event] = createEventDecoder('demo')(bytes(line()))
    expect(event).toMatchObject({ name: 'demo-member-1', id: 'abc', action: 'die' })
    expect(event?.atMs).toBeCloseTo(1_795_000_000_123.456, 1)
  })

  it('gives the same events however the stream is cut, also within a letter', () => {
    const text = bytes(
      line() + line({ Action: 'start' }, { note: 'müde 😴' }) + line({ Action: 'oom' }),
    )
    for (let size = 1; size <= text.length; size += 1) {
      const decode = createEventDecoder('demo')
      const actions = []
      for (let at = 0; at < text.length; at += size)
        actions.push(...decode(text.subarray(at, at + size)).map(({ action }) => action))
      expect(actions).toEqual(['die', 'start', 'oom'])
    }
  })

  it('waits for the end of a line', () => {
    const decode = createEventDecoder('demo')
    expect(decode(bytes(line().trimEnd()))).toEqual([])
    expect(decode(bytes('\n'))).toHaveLength(1)
  })

  it('leaves out other clusters, networks, and what people do inside containers', () => {
    const decode = createEventDecoder('demo')
    expect(
      decode(
        bytes(
          line({}, { 'neuronha.cluster': 'other' }) +
            line({ Type: 'network', Action: 'disconnect' }) +
            line({ Action: 'exec_start: sh' }) +
            line({ Action: 'health_status: healthy' }),
        ),
      ),
    ).toEqual([])
  })

  it.each(['<html>503</html>\n', '{"message":"no"}\n'])(
    'takes nothing else for events: %s',
    (text) => {
      expect(() => createEventDecoder('demo')(bytes(text))).toThrow(/something else than events/)
    },
  )
})
