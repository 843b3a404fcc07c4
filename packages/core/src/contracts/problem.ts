/** RFC 9457 problem details, the one shape of every error that crosses HTTP. */
import { z } from 'zod'
import { ERROR_KINDS, type ErrorCode, type PlatformError } from '../errors.ts'

export const problem = z
  .object({
    type: z.string().describe('A URN of the code; the error reference explains each'),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('Stable; see the error reference'),
    detail: z.string().optional(),
    hint: z.string().optional().describe('What to do about it'),
    requestId: z.string(),
    errors: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('Every problem of a request that does not fit its schema'),
  })
  .meta({ id: 'Problem' })
export type Problem = z.infer<typeof problem>

export const PROBLEM_CONTENT_TYPE = 'application/problem+json'

/** The problem that a caller gets for an error. INTERNAL errors do not leak their message. */
export const problemOf = (error: PlatformError, requestId: string): Problem => {
  const isInternal = error.code === 'INTERNAL'
  const errors = error.details?.['errors']
  return {
    type: `urn:neuronha:error:${error.code}`,
    title: ERROR_KINDS[error.code].meaning,
    status: ERROR_KINDS[error.code].status,
    code: error.code,
    ...(isInternal ? {} : { detail: error.message }),
    ...(error.hint === undefined ? {} : { hint: error.hint }),
    requestId,
    ...(Array.isArray(errors) ? { errors: errors as Problem['errors'] } : {}),
  }
}

/** Is this a code of the table? For answers that come from another process. */
export const isErrorCode = (code: string): code is ErrorCode => code in ERROR_KINDS
