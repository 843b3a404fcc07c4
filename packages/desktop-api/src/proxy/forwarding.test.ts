import { describe, expect, it } from 'vitest'
import { agentPathOf, isChange, returnedHeaders } from './forwarding.ts'

describe('agentPathOf', () => {
  it.each([
    ['/api/v1/agent/agents', '/api/v1/agents'],
    ['/api/v1/agent/messages/search?q=a%2Fb&limit=3', '/api/v1/messages/search?q=a%2Fb&limit=3'],
    ['/api/v1/agent/x?a=1?b', '/api/v1/x?a=1?b'],
  ])('turns %s into %s', (url, path) => {
    expect(agentPathOf(url)).toBe(path)
  })

  it.each([
    '/api/v1/agent/',
    '/api/v1/agent',
    '/api/v1/agent/../controller/v1/cluster',
    '/api/v1/agent/a/../../b',
    '/api/v1/agent/%2e%2e/b',
    '/api/v1/agent/a%2f..%2fb',
    '/api/v1/agent/a\\..\\b',
    '/api/v1/agent//b',
    '/api/v1/agent/a;b',
  ])('knows no way to %s', (url) => {
    expect(agentPathOf(url)).toBeUndefined()
  })
})

describe('isChange', () => {
  it.each([
    ['GET', '/api/v1/agents', false],
    ['POST', '/api/v1/agents', true],
    ['DELETE', '/api/v1/sessions/s', true],
    ['POST', '/api/v1/sessions', false],
    ['POST', '/api/v1/sessions/s/messages?x=1', false],
    ['POST', '/api/v1/sessions/s/messages/m', true],
  ])('says of %s %s: %s', (method, path, expected) => {
    expect(isChange(method, path)).toBe(expected)
  })
})

describe('returnedHeaders', () => {
  it('keeps back what belongs to one connection', () => {
    const headers = {
      connection: 'close',
      'transfer-encoding': 'chunked',
      etag: '"1"',
      'x-a': undefined,
    }
    expect(returnedHeaders(headers)).toEqual({ etag: '"1"' })
  })
})
