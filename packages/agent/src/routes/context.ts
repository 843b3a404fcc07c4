/** What every route is given, and the three things that most of them do. */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import {
  idempotentRequest,
  runIdempotent,
  type IdempotencyRecords,
  type StoredAnswer,
} from '@neuronha/runtime/idempotency.ts'
import { clientSignal } from '@neuronha/runtime/http/request-context.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import { readWriteToken, setWriteToken } from '@neuronha/runtime/write-token.ts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { assertMay, type Access, type Caller } from '../auth.ts'

export interface RouteContext {
  readonly database: Database
  readonly records: IdempotencyRecords
  readonly signingKey: string
  /** The caller that was authenticated for this request. */
  readonly callerOf: (request: FastifyRequest) => Caller
}

/** The caller, if its role reaches. */
export const callerWith = (
  { callerOf }: RouteContext,
  request: FastifyRequest,
  access: Access,
): Caller => {
  const caller = callerOf(request)
  assertMay(caller, access)
  return caller
}

export const notFound = (what: string): PlatformError =>
  new PlatformError('NOT_FOUND', `There is no such ${what}`)

/** A read that sees the caller's own writes; tells where it was served from. */
export const readFor = async <T>(
  { database, signingKey }: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (sql: Sql) => Promise<T>,
): Promise<T> => {
  const { value, readFrom } = await database.read(work, {
    after: readWriteToken(request, signingKey),
  })
  void reply.header(HEADERS.readFrom, readFrom)
  return value
}

/** A write that happens once per Idempotency-Key; tells the caller where it ended. */
export const writeFor = async <T>(
  context: RouteContext,
  request: FastifyRequest,
  reply: FastifyReply,
  work: (sql: Sql, id: string) => Promise<StoredAnswer<T>>,
): Promise<T> => {
  const { database, records, signingKey, callerOf } = context
  const { answer, token } = await runIdempotent({
    signal: clientSignal(reply),
    database,
    records,
    request: idempotentRequest(request, callerOf(request).keyId),
    work,
  })
  setWriteToken(reply, token, signingKey)
  void reply.status(answer.status)
  return answer.body
}
