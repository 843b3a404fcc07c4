/**
 * Builders for this package's tests: a database that knows this package's statements by what they are about,
 * an agent that repeats what it was sent, and an app around them. The SQL itself is tried in the stack tests.
 */
import { Readable } from 'node:stream'
import type { Account } from '@neuronha/core/contracts/desktop.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { EventsPage, EventsQuery } from '@neuronha/core/contracts/events.ts'
import { createHealth } from '@neuronha/runtime/health.ts'
import { createHttpHost, type HttpHost } from '@neuronha/runtime/http-host.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { createMetrics } from '@neuronha/runtime/metrics.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import type {
  UpstreamClient,
  UpstreamRequest,
  UpstreamResponse,
} from '@neuronha/runtime/upstream-client.ts'
import { addDesktopApi } from './app.ts'
import type { Passwords } from './auth/password.ts'

export const SIGNING_KEY = 'a key for tests only, of no cluster'

type Values = readonly unknown[]

interface StoredSession {
  readonly accountId: string
  readonly expiresAt: Date
}

/** What the tables hold. */
export class FakeTables {
  readonly accounts: (Account & { readonly password_hash: string })[] = []
  readonly sessions = new Map<string, StoredSession>()
  readonly attempts = new Map<string, number>()
  readonly audit: {
    readonly action: string
    readonly email: string
    outcome: string
    readonly id: string
  }[] = []
  /** Reads that were sent to standbys. */
  reads = 0

  readonly #rowsOf: readonly (readonly [RegExp, (values: Values) => readonly object[]])[] = [
    [/SELECT EXISTS/, () => [{ found: this.accounts.length > 0 }]],
    [/pg_advisory_xact_lock/, () => [{}]],
    [
      /INSERT INTO neurondb_desktop.sign_in_failures/,
      ([subjects]) => this.#count(subjects as readonly string[]),
    ],
    [
      /FROM neurondb_desktop.accounts\s+WHERE lower/,
      ([email]) => this.accounts.filter((account) => account.email === String(email).toLowerCase()),
    ],
    [/FROM neurondb_desktop.sessions s/, ([hash]) => this.#findSession(hash as Buffer)],
  ]

  readonly #changesOf: readonly (readonly [RegExp, (values: Values) => number])[] = [
    [
      /INSERT INTO neurondb_desktop.accounts/,
      ([id, email, hash]) => {
        if (this.accounts.length > 0) return 0
        return this.accounts.push({
          id: String(id),
          email: String(email),
          password_hash: String(hash),
          role: 'admin',
        })
      },
    ],
    [
      /INSERT INTO neurondb_desktop.sessions/,
      ([hash, accountId, expiresAt]) => {
        this.sessions.set(nameOf(hash), {
          accountId: String(accountId),
          expiresAt: expiresAt as Date,
        })
        return 1
      },
    ],
    [
      /DELETE FROM neurondb_desktop.sessions WHERE token_hash = /,
      ([hash]) => Number(this.sessions.delete(nameOf(hash))),
    ],
    [
      /UPDATE neurondb_desktop.sign_in_failures/,
      ([subject]) => {
        this.attempts.set(String(subject), (this.attempts.get(String(subject)) ?? 1) - 1)
        return 1
      },
    ],
    [
      /DELETE FROM neurondb_desktop.sign_in_failures WHERE subject = /,
      ([subject]) => Number(this.attempts.delete(String(subject))),
    ],
    [/DELETE FROM/, () => 0],
    [
      /INSERT INTO neurondb_desktop.audit_events/,
      ([id, , email, action, , outcome]) =>
        this.audit.push({
          id: String(id),
          email: String(email),
          action: String(action),
          outcome: String(outcome),
        }),
    ],
    [
      /UPDATE neurondb_desktop.audit_events/,
      ([id, outcome]) => {
        for (const event of this.audit) if (event.id === id) event.outcome = String(outcome)
        return 1
      },
    ],
  ]

  readonly sql: Sql = {
    many: (text, values = []) => Promise.resolve(find(this.#rowsOf, text)(values) as never),
    maybeOne: async (text, values = []) => (await this.sql.many(text, values))[0] as never,
    one: async (text, values = []) => (await this.sql.many(text, values))[0] as never,
    run: (text, values = []) => Promise.resolve(find(this.#changesOf, text)(values)),
  }

  #count(subjects: readonly string[]): readonly object[] {
    return subjects.map((subject) => {
      const attempts = (this.attempts.get(subject) ?? 0) + 1
      this.attempts.set(subject, attempts)
      return { subject, attempts, seconds_left: 600 }
    })
  }

  #findSession(hash: Buffer): readonly object[] {
    const session = this.sessions.get(nameOf(hash))
    const account = this.accounts.find(({ id }) => id === session?.accountId)
    if (session === undefined || account === undefined) return []
    return [{ ...account, expires_at: session.expiresAt }]
  }
}

const nameOf = (hash: unknown): string => (hash as Buffer).toString('hex')

const find = <T>(table: readonly (readonly [RegExp, T])[], text: string): T => {
  const [, entry] = table.find(([pattern]) => pattern.test(text)) ?? []
  if (entry === undefined) throw new TypeError(`the fake database does not know: ${text}`)
  return entry
}

export const aDatabase = (tables: FakeTables): Database => ({
  write: async (work) => ({
    value: await work(tables.sql),
    token: { lsn: '0/3000148', timeline: 1 },
  }),
  read: async (work) => {
    tables.reads += 1
    return { value: await work(tables.sql), readFrom: 'standby' }
  },
  check: () => ({ ok: true }),
  close: () => Promise.resolve(),
})

/** Quick, so that tests of other things do not wait for Argon2. */
export const plainPasswords: Passwords = {
  hash: (password) => Promise.resolve(`plain:${password}`),
  verify: (password, stored) => Promise.resolve(stored === `plain:${password}`),
}

export interface FakeAgent extends Pick<UpstreamClient, 'request'> {
  readonly requests: UpstreamRequest[]
}

export const anAgent = (
  answer: Partial<Pick<UpstreamResponse, 'status' | 'headers'>> & { readonly text?: string } = {},
): FakeAgent => {
  const requests: UpstreamRequest[] = []
  return {
    requests,
    request: (request) => {
      requests.push(request)
      const { status = 200, headers = { 'content-type': 'application/json' }, text = '{}' } = answer
      return Promise.resolve({
        status,
        headers,
        body: Readable.from([text]) as unknown as UpstreamResponse['body'],
      })
    },
  }
}

export interface Fixture {
  readonly host: HttpHost
  readonly tables: FakeTables
  readonly clock: { now: () => number; advance: (ms: number) => void }
}

export interface FixtureOptions {
  readonly tables?: FakeTables
  readonly agent?: FakeAgent
  readonly loadStatus?: () => Promise<ClusterStatus>
  readonly loadEvents?: (query: EventsQuery) => Promise<EventsPage>
}

/** One replica; several of them may share their tables. */
export const aReplica = async (options: FixtureOptions = {}): Promise<Fixture> => {
  const { tables = new FakeTables(), agent = anAgent() } = options
  let now = Date.now()
  const clock = { now: () => now, advance: (ms: number) => void (now += ms) }
  const logger = createSilentLogger()
  const metrics = createMetrics({
    prefix: 'test_',
    replica: 'test-desktop-api-1',
    processMetrics: false,
  })
  const host = await createHttpHost({
    config: {
      replica: 'test-desktop-api-1',
      listen: { address: '127.0.0.1', port: 0 },
      drainNoticeMs: 0,
      drainFinishMs: 1000,
    },
    logger,
    metrics,
    health: createHealth(),
    openApi: { title: 'test', description: 'test', version: '0', paths: ['/api/openapi.json'] },
  })
  await addDesktopApi(host.app, {
    database: aDatabase(tables),
    passwords: plainPasswords,
    agent,
    loadStatus:
      options.loadStatus ?? (() => Promise.reject(new TypeError('no controller in this test'))),
    loadEvents:
      options.loadEvents ?? (() => Promise.reject(new TypeError('no controller in this test'))),
    signingKey: SIGNING_KEY,
    sessionHours: 12,
    clock,
    logger,
    metrics,
  })
  return { host, tables, clock }
}

export const ADMIN = { email: 'admin@localhost', password: 'right horse' }

export const withAdmin = (role: Account['role'] = 'admin'): FakeTables => {
  const tables = new FakeTables()
  tables.accounts.push({
    id: '0190f5e0-0000-7000-8000-000000000001',
    email: ADMIN.email,
    role,
    password_hash: `plain:${ADMIN.password}`,
  })
  return tables
}

export interface SignedInBrowser {
  readonly cookie: string
  readonly csrf: string
}

/** Signs in by the front door and keeps what a browser would keep. */
export const signInAt = async ({ host }: Fixture, cookie = ''): Promise<SignedInBrowser> => {
  const response = await host.app.inject({
    method: 'POST',
    url: '/api/v1/auth/sign-in',
    headers: { cookie },
    payload: ADMIN,
  })
  const session = response.cookies.find(({ name }) => name === 'neuronha_session')
  const body = response.json<{ csrf_token: string }>()
  return { cookie: `neuronha_session=${session?.value ?? ''}`, csrf: body.csrf_token }
}
