/**
 * One kept connection to one PostgreSQL or PgBouncer by its address, for those who watch: not for services,
 * which use pools. Every question has a hard deadline that closes the socket, because a frozen server
 * answers neither a query nor a cancel; the next question then connects afresh.
 */
import { Socket } from 'node:net'
import { PlatformError } from '@neuronha/core/errors.ts'
import { Client, type QueryResultRow } from 'pg'
import { clientConfig, type ConnectionOptions } from './endpoint.ts'

export type { QueryResultRow } from 'pg'

export type DirectClientOptions = Omit<ConnectionOptions, 'connectTimeoutMs' | 'queryTimeoutMs'> & {
  /** Told the SQLSTATE of every notice and warning: some put in doubt what then reports success. */
  readonly onNotice?: (sqlState: string) => void
  /** A new connection got the server's first byte: a process was made for it, however long its login will take. */
  readonly onFirstByte?: () => void
  /** The other end closed the kept connection. */
  readonly onLost?: () => void
  /**
   * For those who only watch: a server that says that it starts or shuts down is asked again after a second, and its words
   * are repeated until then. Each that it turns away costs it a process and two handshakes, and it ends only after the
   * last of them: watchers were seen to make a shutdown of one second one of nine. Default: false.
   */
  readonly isPatient?: boolean
}

export interface DirectClient {
  /** Rows of one statement, sent as simple query text (the only kind that PgBouncer's console knows). One at a time. */
  query<Row extends QueryResultRow>(text: string, deadlineMs: number): Promise<readonly Row[]>
  close(): Promise<void>
}

interface Connection {
  readonly client: Client
  readonly socket: Socket
}

/** It starts, or shuts down. */
const CANNOT_CONNECT_NOW = '57P03'
const PATIENCE_MS = 1000

/** How long a goodbye may take before the socket is closed anyway. */
const GOODBYE_MS = 200

const connect = async (
  options: DirectClientOptions,
  socket: Socket,
  deadlineMs: number,
): Promise<Client> => {
  const client = new Client({
    ...clientConfig({ ...options, connectTimeoutMs: deadlineMs }),
    stream: () => socket,
  })
  client.on('error', () => socket.destroy())
  client.on('notice', ({ code }) => options.onNotice?.(code ?? ''))
  try {
    await client.connect()
  } catch (thrown) {
    socket.destroy()
    throw thrown
  }
  return client
}

/** Connects at the first question, and again after a failure. */
export function createDirectClient(options: DirectClientOptions): DirectClient {
  let current: Connection | undefined
  /** Of a connection that is being made; `close` must end it too, or the process would wait for it. */
  let connecting: Socket | undefined
  /** Questions that meet while it is made share it. */
  let opening: Promise<Connection> | undefined
  let refusal: { readonly thrown: Error; readonly until: number } | undefined

  const open = async (deadlineMs: number): Promise<Connection> => {
    const socket = new Socket()
    connecting = socket
    if (options.onFirstByte !== undefined) socket.once('data', options.onFirstByte)
    const client = await connect(options, socket, deadlineMs).finally(() => {
      if (connecting === socket) connecting = undefined
    })
    const connection = { socket, client }
    current = connection
    connection.client.on('end', () => {
      if (current !== connection) return
      current = undefined
      options.onLost?.()
    })
    return connection
  }
  const noteRefusal = (thrown: unknown): never => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === CANNOT_CONNECT_NOW)
      refusal = { thrown, until: performance.now() + PATIENCE_MS }
    throw thrown
  }
  const openOnce = (deadlineMs: number): Promise<Connection> => {
    if (options.isPatient === true && refusal !== undefined && performance.now() < refusal.until)
      return Promise.reject(refusal.thrown)
    opening ??= open(deadlineMs)
      .catch(noteRefusal)
      .finally(() => {
        opening = undefined
      })
    return opening
  }

  return {
    query: async <Row extends QueryResultRow>(text: string, deadlineMs: number) => {
      const state: { expired: boolean; used?: Connection } = { expired: false }
      const timer = setTimeout(() => {
        state.expired = true
        const socket = state.used?.socket ?? connecting
        if (current === state.used) current = undefined
        socket?.destroy()
      }, deadlineMs)
      try {
        state.used = current ?? (await openOnce(deadlineMs))
        const { rows } = await state.used.client.query<Row>(text)
        return rows
      } catch (thrown) {
        if (state.used?.socket.destroyed === true && current === state.used) current = undefined
        if (!state.expired) throw thrown
        throw new PlatformError('UPSTREAM_TIMEOUT', `no answer within ${deadlineMs} ms`, {
          cause: thrown,
        })
      } finally {
        clearTimeout(timer)
      }
    },
    close: async () => {
      const connection = current
      current = undefined
      connecting?.destroy()
      if (connection === undefined) return
      const timer = setTimeout(() => connection.socket.destroy(), GOODBYE_MS)
      await connection.client.end().catch(() => undefined)
      clearTimeout(timer)
    },
  }
}
