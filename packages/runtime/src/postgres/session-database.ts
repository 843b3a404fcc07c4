/**
 * SQL that a user typed. Never through the shared pools: its own database of the pooler in session mode
 * (DISCARD ALL between clients), its own role, a connection that is opened for the call and closed after
 * it, a READ ONLY transaction, a statement timeout and a row limit.
 */
import { Socket } from 'node:net'
import { PlatformError } from '@neuronha/core/errors.ts'
import { Client, DatabaseError, type QueryArrayConfig } from 'pg'
import type { TlsFiles } from '../tls.ts'
import { clientConfig, type Endpoint, type Login } from './endpoint.ts'
import { classifyFailure, toQueryError } from './sqlstate.ts'

export interface SessionDatabaseOptions {
  readonly poolers: readonly Endpoint[]
  readonly login: Login
  readonly tls?: TlsFiles | undefined
  readonly replica: string
  readonly statementTimeoutMs: number
  readonly rowLimit: number
}

export interface QueryAnswer {
  readonly columns: readonly string[]
  /** At most the row limit; values as PostgreSQL's text. */
  readonly rows: readonly (readonly (string | null)[])[]
  /** More rows exist than were fetched. */
  readonly truncated: boolean
  readonly elapsedMs: number
}

export interface SessionDatabase {
  /** One statement. Throws QUERY_FAILED with PostgreSQL's words, or DATABASE_UNAVAILABLE. */
  query(text: string, signal?: AbortSignal): Promise<QueryAnswer>
}

const CURSOR = 'neuronha_typed'
/** An answer larger than this is cut off at the socket: one wide value could fill this process otherwise. */
const ANSWER_LIMIT_BYTES = 8 * 1024 ** 2
const WATCH_EVERY_MS = 20

interface ArrayQuery extends QueryArrayConfig<unknown[]> {
  /** The extended protocol takes exactly one statement, so typed text cannot end the transaction it is in. */
  readonly queryMode: 'extended'
}

/** Values as PostgreSQL's text: no conversion may hide or change what the database said. */
const arrayQuery = (text: string): ArrayQuery => ({
  text,
  rowMode: 'array',
  queryMode: 'extended',
  types: { getTypeParser: () => (value: string) => value },
})

interface RawRows {
  readonly fields: readonly { readonly name: string }[]
  readonly rows: readonly (readonly (string | null)[])[]
}

const runArray = async (client: Client, text: string): Promise<RawRows> => {
  const { fields, rows } = await client.query<(string | null)[]>(arrayQuery(text))
  return { fields, rows }
}

const CURSORABLE = /^\s*(select|with|values|table)\b/i

const DECLARE = `DECLARE ${CURSOR} NO SCROLL CURSOR FOR `

/** Fetches through a cursor where that is possible, so that a huge result never reaches this process. */
const runTyped = async (client: Client, text: string, rowLimit: number): Promise<RawRows> => {
  await client.query('BEGIN READ ONLY')
  if (!CURSORABLE.test(text)) return runArray(client, text)
  const body = text.trim().replace(/;\s*$/, '')
  await runArray(client, `${DECLARE}${body}`).catch((thrown: unknown) => {
    // The position that PostgreSQL names is one in what the user typed.
    if (thrown instanceof DatabaseError && thrown.position !== undefined) {
      thrown.position = String(Number(thrown.position) - DECLARE.length)
    }
    throw thrown
  })
  return runArray(client, `FETCH FORWARD ${rowLimit + 1} FROM ${CURSOR}`)
}

interface Session {
  readonly client: Client
  readonly socket: Socket
}

/** Destroys the socket once more than the limit came over it. */
const watchSize = (
  socket: Socket,
): { readonly isExceeded: () => boolean; readonly stop: () => void } => {
  let exceeded = false
  const timer = setInterval(() => {
    if (socket.bytesRead <= ANSWER_LIMIT_BYTES) return
    exceeded = true
    socket.destroy()
  }, WATCH_EVERY_MS)
  return { isExceeded: () => exceeded, stop: () => clearInterval(timer) }
}

const tooLarge = (): PlatformError =>
  new PlatformError('TOO_LARGE', `The answer is larger than ${ANSWER_LIMIT_BYTES / 1024 ** 2} MB`, {
    hint: 'Select fewer columns or rows, or shorten wide values with left().',
  })

/** The way for SQL that a user typed. Tries the poolers in order until one lets it in. */
export const createSessionDatabase = (options: SessionDatabaseOptions): SessionDatabase => {
  /** The pooler that let the last call in comes first: a dead one costs a call its connect timeout. */
  let preferred = 0
  const open = async (endpoint: Endpoint): Promise<Session> => {
    const socket = new Socket()
    const client = new Client({
      stream: () => socket,
      ...clientConfig({
        endpoint,
        login: options.login,
        tls: options.tls,
        applicationName: options.replica,
        connectTimeoutMs: 3000,
        queryTimeoutMs: options.statementTimeoutMs + 2000,
      }),
    })
    client.on('error', () => undefined)
    try {
      await client.connect()
      return { client, socket }
    } catch (thrown) {
      await client.end().catch(() => undefined)
      throw thrown
    }
  }
  const openAny = async (): Promise<Session> => {
    let failure: unknown
    for (let tries = 0; tries < options.poolers.length; tries++) {
      const endpoint = options.poolers[preferred % options.poolers.length]
      if (endpoint === undefined) break
      try {
        return await open(endpoint)
      } catch (thrown) {
        preferred++
        failure = thrown
        if (classifyFailure(thrown) === 'definite') break
      }
    }
    throw failure
  }
  const attempt = async (text: string, signal: AbortSignal | undefined): Promise<QueryAnswer> => {
    const { client, socket } = await openAny()
    const watch = watchSize(socket)
    const cut = (): void => void client.end().catch(() => undefined)
    signal?.addEventListener('abort', cut, { once: true })
    const startedAt = performance.now()
    try {
      await client.query(`SET statement_timeout = ${options.statementTimeoutMs}`)
      const { fields, rows } = await runTyped(client, text, options.rowLimit)
      return {
        columns: fields.map(({ name }) => name),
        rows: rows.slice(0, options.rowLimit),
        truncated: rows.length > options.rowLimit,
        elapsedMs: Math.round(performance.now() - startedAt),
      }
    } catch (thrown) {
      if (watch.isExceeded()) throw tooLarge()
      throw thrown
    } finally {
      watch.stop()
      signal?.removeEventListener('abort', cut)
      await client.end().catch(() => undefined)
    }
  }
  return {
    query: async (text, signal) => {
      try {
        return await attempt(text, signal).catch((thrown: unknown) => {
          // A read that lost its server is simply asked again, once.
          if (classifyFailure(thrown) === 'definite' || signal?.aborted === true) throw thrown
          return attempt(text, signal)
        })
      } catch (thrown) {
        throw toQueryError(thrown)
      }
    },
  }
}
