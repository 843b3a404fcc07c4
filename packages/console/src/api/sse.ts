/**
 * A parser of server-sent events for `fetch` streams (EventSource can neither POST nor send headers).
 * Text goes in as it arrives, cut anywhere; whole events come out.
 */
export interface ServerSentEvent {
  /** `message` when the stream names none, as the specification says. */
  readonly event: string
  readonly data: string
  readonly id: string | null
}

export interface SseParser {
  /** The events that this piece of text completed. */
  readonly push: (text: string) => readonly ServerSentEvent[]
}

interface Field {
  readonly name: string
  readonly value: string
}

const parseLine = (line: string): Field | null => {
  if (line === '' || line.startsWith(':')) return null
  const colon = line.indexOf(':')
  if (colon === -1) return { name: line, value: '' }
  const value = line.slice(colon + 1)
  return { name: line.slice(0, colon), value: value.startsWith(' ') ? value.slice(1) : value }
}

const parseBlock = (lines: readonly string[]): ServerSentEvent | null => {
  const fields = lines.map(parseLine).filter((field) => field !== null)
  const last = (name: string) => fields.findLast((field) => field.name === name)?.value
  const data = fields.filter(({ name }) => name === 'data').map(({ value }) => value)
  // Without data there is nothing to dispatch: a heartbeat, or a lone id.
  if (data.length === 0) return null
  return { event: last('event') ?? 'message', data: data.join('\n'), id: last('id') ?? null }
}

export const createSseParser = (): SseParser => {
  let rest = ''
  let block: string[] = []
  return {
    push(text) {
      const events: ServerSentEvent[] = []
      rest += text
      for (;;) {
        const end = /\r\n|\n|\r(?!$)/.exec(rest)
        if (end === null) return events
        const line = rest.slice(0, end.index)
        rest = rest.slice(end.index + end[0].length)
        if (line !== '') {
          block.push(line)
          continue
        }
        const event = parseBlock(block)
        block = []
        if (event !== null) events.push(event)
      }
    },
  }
}

/** Reads a response body as events; ends when the stream does. A break of the connection throws. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerSentEvent, void> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  const parser = createSseParser()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield* parser.push(decoder.decode(value, { stream: true }))
    }
  } finally {
    reader.cancel().catch(() => undefined)
  }
}
