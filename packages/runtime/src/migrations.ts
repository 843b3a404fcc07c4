/**
 * Brings a service's schema to the version of its code: plain .sql files `NNNN_name.sql`, run once by
 * whichever replica comes first, over a direct connection as the schema's owner. A transaction advisory
 * lock makes the others wait; each file commits together with its row in `schema_migrations`.
 */
import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { MigrationAccess } from '@neuronha/core/config/common.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { backoffMs, sleep } from './clock.ts'
import type { CheckResult, Health } from './health.ts'
import type { Logger } from './logger.ts'
import { connectPostgres, type PostgresConnection } from './postgres/connection.ts'
import type { Sql } from './postgres/sql.ts'
import { classifyFailure } from './postgres/sqlstate.ts'
import type { TlsFiles } from './tls.ts'

export interface Migration {
  readonly version: number
  readonly name: string
  readonly text: string
  readonly checksum: string
}

export interface AppliedMigration {
  readonly version: number
  readonly name: string
  readonly checksum: string
}

export interface MigrateOptions {
  readonly access: MigrationAccess
  readonly tls?: TlsFiles | undefined
  /** Folder of the .sql files; in the bundle it lies beside main.mjs. */
  readonly directory: string
  readonly replica: string
  readonly logger: Logger
  /** Ends the waiting for a database that does not come up. */
  readonly signal?: AbortSignal
}

const FILE_NAME = /^(\d{4})_([a-z0-9_]+)\.sql$/

/** The folder's migrations in order. Throws MIGRATION_FAILED for a name or a number that is out of line. */
export const readMigrations = async (directory: string): Promise<readonly Migration[]> => {
  const names = (await readdir(directory)).filter((name) => name.endsWith('.sql')).sort()
  return Promise.all(
    names.map(async (file, index) => {
      const [, version = '', name = ''] = FILE_NAME.exec(file) ?? []
      if (Number(version) !== index + 1) {
        throw new PlatformError('MIGRATION_FAILED', `${file} should be number ${index + 1}`)
      }
      const text = await readFile(join(directory, file), 'utf8')
      const checksum = createHash('sha256').update(text).digest('hex')
      return { version: Number(version), name, text, checksum }
    }),
  )
}

/** What is left to run. Throws SCHEMA_TOO_NEW, or MIGRATION_FAILED when an applied file was changed. Pure. */
export const planMigrations = (
  known: readonly Migration[],
  applied: readonly AppliedMigration[],
): readonly Migration[] => {
  const newest = Math.max(0, ...applied.map(({ version }) => version))
  if (newest > known.length) {
    throw new PlatformError(
      'SCHEMA_TOO_NEW',
      `The schema is at version ${newest}, newer than this code, which knows ${known.length}`,
    )
  }
  const checksums = new Map(known.map(({ version, checksum }) => [version, checksum]))
  const changed = applied.find(({ version, checksum }) => checksums.get(version) !== checksum)
  if (changed !== undefined) {
    throw new PlatformError(
      'MIGRATION_FAILED',
      `Migration ${changed.version} (${changed.name}) was changed after it was applied`,
      { hint: 'Undo the change and write a new migration.' },
    )
  }
  const done = new Set(applied.map(({ version }) => version))
  return known.filter(({ version }) => !done.has(version))
}

const lock = (sql: Sql, schema: string): Promise<number> =>
  sql.run('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [`neuronha.migrate.${schema}`])

/** One transaction: the lock, a look at what is applied, and the first file that is not. False when all are. */
const applyNext = async (
  connection: PostgresConnection,
  schema: string,
  known: readonly Migration[],
): Promise<Migration | undefined> => {
  await connection.simple('BEGIN')
  try {
    await lock(connection, schema)
    await connection.simple(
      `CREATE TABLE IF NOT EXISTS ${schema}.schema_migrations (
         version int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
         applied_at timestamptz NOT NULL DEFAULT now())`,
    )
    const applied = await connection.many<AppliedMigration>(
      `SELECT version, name, checksum FROM ${schema}.schema_migrations ORDER BY version`,
    )
    const [next] = planMigrations(known, applied)
    if (next !== undefined) {
      await connection.simple(`SET LOCAL search_path = ${schema}, public`)
      await connection.simple(next.text)
      await connection.run(
        `INSERT INTO ${schema}.schema_migrations (version, name, checksum) VALUES ($1, $2, $3)`,
        [next.version, next.name, next.checksum],
      )
    }
    await connection.simple('COMMIT')
    return next
  } catch (thrown) {
    await connection.simple('ROLLBACK').catch(() => undefined)
    throw thrown
  }
}

const migrateOnce = async (
  options: MigrateOptions,
  known: readonly Migration[],
  tries: number,
): Promise<void> => {
  const { access, logger } = options
  const router = access.routers[tries % access.routers.length]
  if (router === undefined) throw new PlatformError('CONFIG_INVALID', 'No router is configured')
  const connection = await connectPostgres({
    endpoint: { ...router, name: router.address },
    login: access,
    tls: options.tls,
    applicationName: `${options.replica} migrations`,
    connectTimeoutMs: 3000,
    queryTimeoutMs: 60_000,
  })
  try {
    for (;;) {
      const done = await applyNext(connection, access.schema, known)
      if (done === undefined) return
      logger.info({ migration: done.version, name: done.name }, 'migration applied')
    }
  } finally {
    await connection.close()
  }
}

/** Missing database, schema, role or password: the cluster is still being set up. */
const NOT_SET_UP_YET = new Set(['3D000', '3F000', '28P01', '28000', '42501'])

const isWorthWaiting = (thrown: unknown): boolean => {
  if (classifyFailure(thrown) !== 'definite') return true
  const cause = thrown instanceof PlatformError ? thrown.cause : thrown
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : ''
  return NOT_SET_UP_YET.has(code) || code === '57014' || code.startsWith('53')
}

const toMigrationError = (thrown: unknown): PlatformError =>
  thrown instanceof PlatformError && thrown.code !== 'INTERNAL'
    ? thrown
    : new PlatformError('MIGRATION_FAILED', 'A migration did not apply', { cause: thrown })

/** Migrates, waiting as long as it takes for the database to exist. Throws SCHEMA_TOO_NEW and MIGRATION_FAILED. */
export const migrate = async (options: MigrateOptions): Promise<void> => {
  const known = await readMigrations(options.directory)
  for (let tries = 0; ; tries += 1) {
    try {
      await migrateOnce(options, known, tries)
      return
    } catch (thrown) {
      if (!isWorthWaiting(thrown)) throw toMigrationError(thrown)
      if (tries % 10 === 0) options.logger.info({ err: thrown }, 'waiting for the database')
    }
    await sleep(backoffMs(tries, 200, 2000), options.signal)
  }
}

/** Adds a readiness check that is ok once `work` (migrations and first rows) is done, and tells why it is not. */
export const trackStartup = (health: Health, work: Promise<void>, logger: Logger): void => {
  let state: CheckResult = { ok: false, detail: 'waiting for the database' }
  health.add('schema', () => state)
  work.then(
    () => {
      state = { ok: true }
    },
    (thrown: unknown) => {
      const detail = thrown instanceof Error ? thrown.message : String(thrown)
      state = { ok: false, detail }
      logger.error({ err: thrown }, 'the schema cannot be used')
    },
  )
}
