import { PlatformError } from '@neuronha/core/errors.ts'
import { describe, expect, it } from 'vitest'
import { errorOfResponse, fieldError, toApiError, toDisplayError } from './errors.ts'

const answer = (status: number, body: string, headers: Record<string, string> = {}) =>
  new Response(body, { status, headers })

describe('an answer that is an error', () => {
  it('is read as problem+json, with its fields and its request', async () => {
    const problem = {
      type: 'urn:neuronha:error:BAD_REQUEST',
      title: 'no',
      status: 400,
      code: 'BAD_REQUEST',
      detail: 'The name is too long.',
      requestId: 'r-1',
      errors: [{ path: '/name', message: 'at most 200 characters' }],
    }
    const shown = toDisplayError(await errorOfResponse(answer(400, JSON.stringify(problem))))
    expect(shown).toMatchObject({ detail: 'The name is too long.', requestId: 'r-1' })
    expect(fieldError(shown, 'name')).toBe('at most 200 characters')
    expect(fieldError(shown, 'description')).toBeNull()
  })

  it('may be a proxy’s page, which may be tried again after Retry-After', async () => {
    const error = await errorOfResponse(answer(502, '<html>', { 'retry-after': '2' }))
    expect(toApiError(error)).toEqual({
      code: 'UPSTREAM_FAILED',
      isRetryable: true,
      retryAfterMs: 2000,
    })
  })

  it('with a code that this console does not know is judged by its status', async () => {
    const body = { type: 'x', title: 'new', status: 503, code: 'FROM_THE_FUTURE', requestId: 'r' }
    const error = await errorOfResponse(answer(503, JSON.stringify(body)))
    expect(toApiError(error).isRetryable).toBe(true)
  })
})

describe('what a person reads', () => {
  it('has the hint of a platform error', () => {
    const error = new PlatformError('UPSTREAM_FAILED', 'No controller answers', { hint: 'Wait.' })
    expect(toDisplayError(error)).toMatchObject({ detail: 'No controller answers', hint: 'Wait.' })
  })

  it('tells a missing chunk from a defect', () => {
    const missing = new TypeError('Failed to fetch dynamically imported module: /assets/x.js')
    expect(toDisplayError(missing).title).toMatch(/could not be loaded/)
    expect(toDisplayError(new RangeError('x')).title).toBe('The console made a mistake')
    expect(toApiError(new RangeError('x')).isRetryable).toBe(false)
  })
})
