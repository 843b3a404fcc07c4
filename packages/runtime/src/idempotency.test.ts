import { PlatformError } from '@neuronha/core/errors.ts'
import type { FastifyRequest } from 'fastify'
import { describe, expect, it } from 'vitest'
import {
  createIdempotencyRecords,
  idempotentRequest,
  runIdempotent,
  type IdempotencyRecords,
  type StoredAnswer,
} from './idempotency.ts'
import type { Database } from './postgres/database.ts'
import type { Sql } from './postgres/sql.ts'

const aRequest = (changes: Partial<FastifyRequest> = {}): FastifyRequest =>
  ({
    method: 'POST',
    url: '/things/1?trace=on',
    routeOptions: { url: '/things/:id' },
    headers: { 'idempotency-key': 'key-1' },
    body: { name: 'a' },
    ...changes,
  }) as unknown as FastifyRequest

const NO_SQL = {} as Sql

/** Runs the work; the n-th COMMIT has the n-th outcome. `committed` counts what was kept. */
const aDatabase = (outcomes: readonly ('kept' | 'unknown, kept' | 'unknown, lost')[]) => {
  let runs = 0
  const state = { undo: (): void => undefined }
  const write = async <T>(work: (sql: Sql) => Promise<T>) => {
    const value = await work(NO_SQL)
    const outcome = outcomes[runs]
    runs += 1
    if (outcome === 'unknown, lost') state.undo()
    if (outcome !== 'kept') throw new PlatformError('UNKNOWN_OUTCOME', 'lost at COMMIT')
    return { value, token: { lsn: '0/1', timeline: 1 } }
  }
  return { database: { write } as unknown as Database, state }
}

const someRecords = () => {
  const state: { answer: StoredAnswer | undefined } = { answer: undefined }
  const records: IdempotencyRecords = {
    claim: <T>(_sql: Sql, { subject }: { subject: string }) =>
      Promise.resolve(
        state.answer === undefined
          ? { kind: 'mine' as const, subject, isTakeover: false }
          : { kind: 'done' as const, answer: state.answer as StoredAnswer<T> },
      ),
    finish: (_sql, _request, answer) => {
      state.answer = answer
      return Promise.resolve(true)
    },
    renew: () => Promise.resolve(true),
    abandon: () => Promise.resolve(),
    deleteExpired: () => Promise.resolve(0),
  }
  return { records, state }
}

describe('idempotentRequest', () => {
  it('hashes method, path and body, but not the query', () => {
    const one = idempotentRequest(aRequest(), 'caller')
    const same = idempotentRequest(aRequest({ url: '/things/1' }), 'caller')
    const other = idempotentRequest(aRequest({ url: '/things/2' }), 'caller')
    const changed = idempotentRequest(aRequest({ body: { name: 'b' } }), 'caller')
    expect(one.hash.equals(same.hash)).toBe(true)
    expect(one.hash.equals(other.hash)).toBe(false)
    expect(one.hash.equals(changed.hash)).toBe(false)
    expect(one.route).toBe('POST /things/:id')
  })

  it('gives a request without a key one of its own', () => {
    const first = idempotentRequest(aRequest({ headers: {} }), 'caller')
    const second = idempotentRequest(aRequest({ headers: {} }), 'caller')
    expect(first.key).not.toBe(second.key)
  })

  it('refuses a key that is no visible text', () => {
    const headers = { 'idempotency-key': 'with space' }
    expect(() => idempotentRequest(aRequest({ headers }), 'caller')).toThrow(/visible/)
  })
})

describe('runIdempotent', () => {
  const run = async (outcomes: Parameters<typeof aDatabase>[0]) => {
    const { database, state: transaction } = aDatabase(outcomes)
    const { records, state } = someRecords()
    transaction.undo = () => {
      state.answer = undefined
    }
    let effects = 0
    const result = await runIdempotent({
      database,
      records,
      request: idempotentRequest(aRequest(), 'caller'),
      work: () => {
        effects += 1
        return Promise.resolve({ status: 201, body: { effect: effects } })
      },
    })
    return { result, effects }
  }

  it('gives the stored answer when a COMMIT whose answer was lost had gone through', async () => {
    const { result, effects } = await run(['unknown, kept', 'kept'])
    expect(effects).toBe(1)
    expect(result).toMatchObject({ isReplay: true, answer: { body: { effect: 1 } } })
  })

  it('does it again when that COMMIT had not gone through', async () => {
    const { result, effects } = await run(['unknown, lost', 'kept'])
    expect(effects).toBe(2)
    expect(result).toMatchObject({ isReplay: false, answer: { body: { effect: 2 } } })
  })
})

describe('createIdempotencyRecords', () => {
  const records = createIdempotencyRecords('a_schema')
  const request = idempotentRequest(aRequest(), 'caller')
  const sqlWith = (row: object, ran: string[] = []): Sql => ({
    many: () => Promise.resolve([]),
    maybeOne: () => Promise.resolve(undefined),
    one: <R extends object>() => Promise.resolve(row as R),
    run: (text) => {
      ran.push(text)
      return Promise.resolve(1)
    },
  })

  it('refuses a key that was used with another request', async () => {
    const sql = sqlWith({ request_hash: Buffer.from('other'), status: 201, body: '{}' })
    await expect(records.claim(sql, request, 0)).rejects.toMatchObject({
      code: 'IDEMPOTENCY_MISMATCH',
    })
  })

  it('writes before it hands a stored answer out, so that its COMMIT waits for a standby', async () => {
    const ran: string[] = []
    const sql = sqlWith({ request_hash: request.hash, status: 201, body: '{"a":1}' }, ran)
    const claim = await records.claim(sql, request, 0)
    expect(claim).toEqual({ kind: 'done', answer: { status: 201, body: { a: 1 } } })
    expect(ran[0]).toContain('UPDATE a_schema.idempotency_records')
  })

  it('tells that another try is at work, without touching its record', async () => {
    const ran: string[] = []
    const sql = sqlWith({ request_hash: request.hash, status: null, body: null }, ran)
    expect(await records.claim(sql, request, 0)).toEqual({ kind: 'in-flight' })
    expect(ran).toEqual([])
  })
})
