/** Every failure of a request as problem+json: the one translation at the HTTP edge. */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PROBLEM_CONTENT_TYPE, problemOf } from '@neuronha/core/contracts/problem.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { hasZodFastifySchemaValidationErrors } from 'fastify-type-provider-zod'

interface HttpFailure {
  readonly statusCode: number
  readonly code: string
  readonly message: string
}

/** Fastify's own errors carry a status; anything else is not one of them. */
const asHttpFailure = (thrown: unknown): HttpFailure | undefined => {
  if (!(thrown instanceof Error) || !('statusCode' in thrown)) return undefined
  const { statusCode } = thrown
  if (typeof statusCode !== 'number') return undefined
  const code = 'code' in thrown ? String(thrown.code) : ''
  return { statusCode, code, message: thrown.message }
}

const validationError = (request: FastifyRequest, thrown: unknown): PlatformError | undefined => {
  if (!hasZodFastifySchemaValidationErrors(thrown)) return undefined
  const where = thrown.validationContext ?? 'request'
  const errors = thrown.validation.map(({ instancePath, message }) => ({
    path: [where, ...instancePath.split('/').filter((part) => part !== '')].join('.'),
    message: message ?? 'is not valid',
  }))
  return new PlatformError(
    'BAD_REQUEST',
    `${request.method} ${request.routeOptions.url ?? ''} does not take this ${where}`,
    { details: { errors }, cause: thrown },
  )
}

/** Any thrown value of a handler or of Fastify itself as an error of ours. */
export const toRequestError = (request: FastifyRequest, thrown: unknown): PlatformError => {
  if (thrown instanceof PlatformError) return thrown
  const invalid = validationError(request, thrown)
  if (invalid !== undefined) return invalid
  const failure = asHttpFailure(thrown)
  if (failure === undefined || failure.statusCode >= 500) return toPlatformError(thrown)
  if (failure.statusCode === 413) return new PlatformError('TOO_LARGE', failure.message)
  if (failure.statusCode === 429) return new PlatformError('RATE_LIMITED', failure.message)
  return new PlatformError('BAD_REQUEST', failure.message, { cause: thrown })
}

const retryAfterOf = (error: PlatformError): number | undefined => {
  const given = error.details?.['retryAfterSeconds']
  if (typeof given === 'number') return given
  const { retryable, status } = error.kind
  return retryable && (status === 503 || status === 429 || status === 409) ? 1 : undefined
}

/** Answers with the problem, and logs what the caller is not told. */
export const sendProblem = (
  request: FastifyRequest,
  reply: FastifyReply,
  error: PlatformError,
): FastifyReply => {
  const retryAfter = retryAfterOf(error)
  if (retryAfter !== undefined) void reply.header('retry-after', retryAfter)
  if (error.kind.status >= 500 && error.code !== 'DRAINING') {
    request.log.warn({ err: error }, error.message)
  }
  const body = problemOf(error, request.id)
  return reply
    .status(body.status)
    .header('content-type', PROBLEM_CONTENT_TYPE)
    .header(HEADERS.requestId, request.id)
    .send(body)
}
