import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { apiKeyPrefix, bearerToken, hashApiKey } from './api-keys.ts'
import { parseConfig } from './load-config.ts'
import { createLogger } from './logger.ts'
import { formatSseEvent } from './sse.ts'
import { startTrace, traceparentOf } from './traceparent.ts'

describe('parseConfig', () => {
  const schema = z.strictObject({ port: z.int(), name: z.string() })

  it('lists every problem at once', () => {
    const parse = () => parseConfig(schema, '{"port":"x","more":1}', '/etc/x.json')
    expect(parse).toThrow(/\(root\): .*more.*|port: /)
    expect(parse).toThrow(/port: .*; name: |name: .*port: /)
    expect(parse).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error)
  })

  it('says when the text is not JSON', () => {
    expect(() => parseConfig(schema, '{', '/etc/x.json')).toThrow('/etc/x.json is not JSON')
  })
})

describe('startTrace', () => {
  it('goes on with the caller’s trace as a new span', () => {
    const trace = startTrace('00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01')
    expect(trace.traceId).toBe('0af7651916cd43dd8448eb211c80319c')
    expect(trace.spanId).not.toBe('b7ad6b7169203331')
    expect(traceparentOf(trace)).toMatch(/^00-0af7651916cd43dd8448eb211c80319c-[0-9a-f]{16}-01$/)
  })

  it.each([undefined, 'nonsense', '00-00000000000000000000000000000000-b7ad6b7169203331-01'])(
    'begins a trace of its own for %s',
    (header) => {
      expect(startTrace(header).traceId).toMatch(/^(?!0+$)[0-9a-f]{32}$/)
    },
  )
})

describe('API keys', () => {
  it('are stored as a hash and recognised by a short prefix', () => {
    const key = `nha_${'k'.repeat(48)}`
    expect(apiKeyPrefix(key)).toBe('nha_kkkkkk')
    expect(hashApiKey(key)).toHaveLength(32)
    expect(hashApiKey(key).equals(hashApiKey(`${key}x`))).toBe(false)
  })

  it('are read from a bearer header only', () => {
    expect(bearerToken('Bearer nha_x')).toBe('nha_x')
    expect(bearerToken('Basic abc')).toBeNull()
    expect(bearerToken('Bearer two words')).toBeNull()
    expect(bearerToken(undefined)).toBeNull()
  })
})

describe('createLogger', () => {
  it('cuts secrets out and keeps an error’s code and cause', () => {
    const lines: string[] = []
    const stream = new PassThrough()
    stream.on('data', (line: Buffer) => lines.push(line.toString()))
    const logger = createLogger({ service: 'agent', replica: 'a-1', level: 'info' }, stream)
    const cause = Object.assign(new Error('refused'), { code: '28P01' })
    const err = new Error('no login', { cause })
    logger.info({ err, config: { password: 'hunter2' }, authorization: 'Bearer x' }, 'started')
    const text = lines.join('')
    expect(text).not.toMatch(/hunter2|Bearer x/)
    expect(JSON.parse(text)).toMatchObject({
      replica: 'a-1',
      err: { message: 'no login', cause: { code: '28P01' } },
    })
  })
})

describe('formatSseEvent', () => {
  it('keeps text with newlines in one event', () => {
    const text = formatSseEvent({ event: 'chunk', id: '1', data: { content: 'a\n\nb' } })
    expect(text).toBe('event: chunk\nid: 1\ndata: {"content":"a\\n\\nb"}\n\n')
  })
})
