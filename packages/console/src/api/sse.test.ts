import { describe, expect, it } from 'vitest'
import { createSseParser, readEvents } from './sse.ts'

const STREAM =
  'id: 1\nevent: message\ndata: {"a":1}\n\n: heartbeat\n\nevent: chunk\ndata: one\ndata: two\n\ndata:bare\n\n'

const EXPECTED = [
  { event: 'message', data: '{"a":1}', id: '1' },
  { event: 'chunk', data: 'one\ntwo', id: null },
  { event: 'message', data: 'bare', id: null },
]

describe('the parser of server-sent events', () => {
  it('gives the same events however the text is cut', () => {
    for (const size of [1, 2, 3, 7, 1000]) {
      const parser = createSseParser()
      const events = []
      for (let at = 0; at < STREAM.length; at += size)
        events.push(...parser.push(STREAM.slice(at, at + size)))
      expect(events).toEqual(EXPECTED)
    }
  })

  it('accepts CRLF, also when cut between its two characters', () => {
    const stream = STREAM.replaceAll('\n', '\r\n')
    const parser = createSseParser()
    const events = Array.from(stream).flatMap((character) => parser.push(character))
    expect(events).toEqual(EXPECTED)
  })

  it('keeps an event back until its blank line has arrived', () => {
    const parser = createSseParser()
    expect(parser.push('event: done\ndata: {}\n')).toEqual([])
    expect(parser.push('\n')).toEqual([{ event: 'done', data: '{}', id: null }])
  })

  it('dispatches nothing for comments and blocks without data', () => {
    expect(createSseParser().push(': ping\n\nevent: chunk\n\nid: 7\n\n')).toEqual([])
  })
})

describe('reading a body', () => {
  it('decodes characters that are cut in the middle', async () => {
    const bytes = new TextEncoder().encode('data: größe…\n\n')
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (const byte of bytes) controller.enqueue(Uint8Array.of(byte))
        controller.close()
      },
    })
    const events = []
    for await (const event of readEvents(body)) events.push(event.data)
    expect(events).toEqual(['größe…'])
  })
})
