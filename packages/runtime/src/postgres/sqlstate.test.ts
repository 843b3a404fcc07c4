import { PlatformError } from '@neuronha/core/errors.ts'
import { DatabaseError } from 'pg'
import { describe, expect, it } from 'vitest'
import { classifyFailure, saysPrimaryIsAway, toDatabaseError, toQueryError } from './sqlstate.ts'

const postgresError = (code: string, message = 'refused'): DatabaseError =>
  Object.assign(new DatabaseError(message, message.length, 'error'), { code })

const codeOf = (thrown: unknown): string =>
  thrown instanceof PlatformError ? thrown.code : 'not a PlatformError'

describe('classifyFailure', () => {
  it.each([
    ['25006', 'stale'],
    ['57P01', 'stale'],
    ['57P03', 'lost'],
    ['08P01', 'lost'],
    ['25P03', 'lost'],
    ['40001', 'contention'],
    ['23505', 'definite'],
    ['42P01', 'definite'],
  ])('takes SQLSTATE %s for %s', (code, expected) => {
    expect(classifyFailure(postgresError(code))).toBe(expected)
  })

  it.each([
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'timeout exceeded when trying to connect',
    'Query read timeout',
    'Client network socket disconnected before secure TLS connection was established',
  ])('knows pg’s own words without a code: %s', (message) => {
    expect(classifyFailure(new Error(message))).toBe('lost')
  })

  it('takes socket and certificate codes for a lost connection, a defect of ours not', () => {
    expect(classifyFailure(Object.assign(new Error('x'), { code: 'ECONNRESET' }))).toBe('lost')
    expect(classifyFailure(new TypeError('undefined is not a function'))).toBe('definite')
    expect(classifyFailure(new PlatformError('NOT_FOUND', 'gone'))).toBe('definite')
  })
})

describe('saysPrimaryIsAway', () => {
  it('believes an answer of the pooler, also inside an unknown outcome, but not a broken socket', () => {
    const away = postgresError('08P01', 'server login has been failing')
    expect(saysPrimaryIsAway(away)).toBe(true)
    expect(saysPrimaryIsAway(new PlatformError('UNKNOWN_OUTCOME', 'x', { cause: away }))).toBe(true)
    expect(saysPrimaryIsAway(new Error('Connection terminated unexpectedly'))).toBe(false)
    expect(saysPrimaryIsAway(postgresError('23505'))).toBe(false)
  })
})

describe('toDatabaseError', () => {
  it.each([
    ['57P01', 'DATABASE_UNAVAILABLE'],
    ['57014', 'DATABASE_UNAVAILABLE'],
    ['53100', 'DATABASE_UNAVAILABLE'],
    ['23505', 'CONFLICT'],
    ['22021', 'BAD_REQUEST'],
    ['42601', 'INTERNAL'],
  ])('turns SQLSTATE %s into %s', (sqlState, expected) => {
    expect(codeOf(toDatabaseError(postgresError(sqlState)))).toBe(expected)
  })
})

describe('toQueryError', () => {
  it('gives PostgreSQL’s own words to who typed the SQL', () => {
    const error = toQueryError(postgresError('42601', 'syntax error at or near "SELEC"'))
    expect(codeOf(error)).toBe('QUERY_FAILED')
    expect((error as PlatformError).message).toContain('SELEC')
  })
})
