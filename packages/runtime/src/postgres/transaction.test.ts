import { PlatformError } from '@neuronha/core/errors.ts'
import { EventEmitter } from 'node:events'
import { DatabaseError, type PoolClient } from 'pg'
import { describe, expect, it } from 'vitest'
import { runRead, runWrite } from './transaction.ts'

type Answer = unknown
type Script = (text: string, client: EventEmitter) => Answer

/** A client that answers each statement as the script says, and remembers what it was sent. */
const aClient = (script: Script): { client: PoolClient; sent: string[] } => {
  const sent: string[] = []
  const client = new EventEmitter()
  const query = async (text: string): Promise<Answer> => {
    sent.push(text)
    return Promise.resolve(script(text, client))
  }
  return { client: Object.assign(client, { query }) as unknown as PoolClient, sent }
}

const COMMITTED = [
  { command: 'SET' },
  { command: 'COMMIT' },
  { command: 'SELECT', rows: [{ lsn: '0/42', timeline: 3 }] },
]
const isCommit = (text: string): boolean => text.includes('COMMIT;')
const OPTIONS = { statementTimeoutMs: 1000, onCommit: () => undefined }

const postgresError = (code: string): DatabaseError =>
  Object.assign(new DatabaseError('refused', 7, 'error'), { code })

const codeOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'no error',
    (thrown: unknown) => (thrown instanceof PlatformError ? thrown.code : thrown),
  )

describe('runWrite', () => {
  it('gives the place of its commit in the WAL', async () => {
    const { client } = aClient((text) => (isCommit(text) ? COMMITTED : { rows: [] }))
    const result = await runWrite(client, () => Promise.resolve('done'), OPTIONS)
    expect(result).toEqual({ value: 'done', token: { lsn: '0/42', timeline: 3 } })
  })

  it('lifts the statement timeout before COMMIT, because a cancelled wait for a standby reports success', async () => {
    const { client, sent } = aClient((text) => (isCommit(text) ? COMMITTED : { rows: [] }))
    await runWrite(client, () => Promise.resolve(1), OPTIONS)
    expect(sent.at(-1)).toMatch(/^SET LOCAL statement_timeout = 0; COMMIT;/)
  })

  it('does not know the outcome when the connection is lost at COMMIT', async () => {
    const { client } = aClient((text) => {
      if (isCommit(text)) throw new Error('Connection terminated unexpectedly')
      return { rows: [] }
    })
    const outcome = runWrite(client, () => Promise.resolve(1), OPTIONS)
    expect(await codeOf(outcome)).toBe('UNKNOWN_OUTCOME')
  })

  it('does not know the outcome when the wait for a standby was cancelled, though COMMIT succeeded', async () => {
    const { client } = aClient((text, emitter) => {
      if (!isCommit(text)) return { rows: [] }
      emitter.emit('notice', {
        code: '01000',
        message: 'canceling wait for synchronous replication',
      })
      return COMMITTED
    })
    const outcome = runWrite(client, () => Promise.resolve(1), OPTIONS)
    expect(await codeOf(outcome)).toBe('UNKNOWN_OUTCOME')
  })

  it('passes on what PostgreSQL certainly rolled back at COMMIT', async () => {
    const { client } = aClient((text) => {
      if (isCommit(text)) throw postgresError('40001')
      return { rows: [] }
    })
    const outcome = runWrite(client, () => Promise.resolve(1), OPTIONS)
    expect(await codeOf(outcome)).toBeInstanceOf(DatabaseError)
  })

  it('refuses to call a rolled back transaction committed', async () => {
    const rolledBack = [{ command: 'SET' }, { command: 'ROLLBACK' }, { rows: [] }]
    const { client } = aClient((text) => (isCommit(text) ? rolledBack : { rows: [] }))
    await expect(runWrite(client, () => Promise.resolve(1), OPTIONS)).rejects.toThrow(/swallowed/)
  })
})

describe('runRead', () => {
  const position = { in_recovery: true, lsn: '0/10', timeline: 1, lag_ms: 5 }
  const script: Script = (text) =>
    text.startsWith('BEGIN') ? [{}, {}, { rows: [position] }] : { rows: [] }

  it('asks where the server stands before anything else, in a READ ONLY transaction', async () => {
    const { client, sent } = aClient(script)
    const read = await runRead(client, () => Promise.resolve(7), {
      statementTimeoutMs: 1000,
      accepts: ({ lagMs }) => lagMs === 5,
    })
    expect(read).toMatchObject({ kind: 'served', value: 7 })
    expect(sent[0]).toMatch(/^BEGIN READ ONLY;.*replay_position/s)
  })

  it('does not run on a server that is not accepted', async () => {
    const { client, sent } = aClient(script)
    const read = await runRead(client, () => Promise.reject(new Error('must not run')), {
      statementTimeoutMs: 1000,
      accepts: () => false,
    })
    expect(read.kind).toBe('rejected')
    expect(sent.at(-1)).toBe('ROLLBACK')
  })
})
