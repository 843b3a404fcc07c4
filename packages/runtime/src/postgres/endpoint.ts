/** Where a PostgreSQL protocol server is and how to log in, as options of `pg`. */
import type { ClientConfig } from 'pg'
import { clientTls, secureContextOf, type TlsFiles } from '../tls.ts'

export interface Login {
  readonly user: string
  readonly password: string
  readonly database: string
}

export interface Endpoint {
  /** The name that the server's certificate must carry; an address is fine where the certificate has it. */
  readonly name: string
  readonly address: string
  readonly port: number
}

export interface ConnectionOptions {
  readonly endpoint: Endpoint
  readonly login: Login
  /** Absent only in tests against a server without TLS. */
  readonly tls?: TlsFiles | undefined
  /** Shown in pg_stat_activity. */
  readonly applicationName: string
  readonly connectTimeoutMs: number
  /** Client side: the answer of one statement; the socket is closed when it does not come. */
  readonly queryTimeoutMs?: number
}

/** A connection that gives up on silence: keepalive, a bound on connecting and, if given, on each statement. */
export const clientConfig = (options: ConnectionOptions): ClientConfig => ({
  host: options.endpoint.address,
  port: options.endpoint.port,
  user: options.login.user,
  password: options.login.password,
  database: options.login.database,
  application_name: options.applicationName,
  connectionTimeoutMillis: options.connectTimeoutMs,
  keepAlive: true,
  keepAliveInitialDelayMillis: 5000,
  ...(options.queryTimeoutMs === undefined ? {} : { query_timeout: options.queryTimeoutMs }),
  ssl:
    options.tls === undefined
      ? false
      : {
          ...clientTls(options.tls, options.endpoint.name),
          secureContext: secureContextOf(options.tls),
        },
})
