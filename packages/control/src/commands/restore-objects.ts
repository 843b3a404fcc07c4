/** `restore --table`, `restore --schema`: out of the backups, into the cluster that runs, beside what is there. */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import {
  restoredTable,
  type RestoredObjects,
  type RestoreTarget,
  type WantedObjects,
} from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { quoteIdentifier, quoteLiteral } from '@neuronha/core/render/sql.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { PLATFORM_DATABASE } from '@neuronha/core/topology/roles.ts'
import { runOk } from '@neuronha/runtime/exec.ts'
import { z } from 'zod'
import { schemasOf, tablesSql } from '../backups/objects-sql.ts'
import { createPgbackrest } from '../backups/pgbackrest.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { bytes, count, duration, list } from '../observe/words.ts'
import { assertCanRestore, assertRoomFor, describeWindow } from '../restore/assert-can-restore.ts'
import { createObjectsVolume, type ObjectsVolume } from '../restore/objects-volume.ts'
import { openRepositoryReader, type RestoreContainer } from '../restore/repository-reader.ts'
import { restoreSidesOf } from '../restore/restore-sides.ts'
import { runStep } from '../setup/progress.ts'
import { lockCluster } from '../state/lock.ts'
import { recordOutcome, withAudit } from './audit.ts'
import { assertHasRepository } from './backup.ts'
import {
  createClusterObserver,
  loadAppliedSource,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { buildRestoreImage, repositoryOf } from './order-restore.ts'
import { setUpMachine } from './prepare.ts'
import { archiveWhatIsThere } from './restore.ts'

export interface RestoreObjectsOptions extends ClusterChoice {
  readonly target: RestoreTarget
  readonly from: string | undefined
  readonly backup: string | undefined
  /** Default: the only one of the cluster file. */
  readonly database: string | undefined
  /** `schema.table`, or a table of `public`. */
  readonly tables: readonly string[]
  readonly schemas: readonly string[]
  readonly install: boolean
}

/**
 * Nothing that is there is touched: what comes back is in schemas of its own, `<schema>_restored_<when>`, in one transaction.
 *
 * @throws PlatformError BAD_REQUEST for what was not there at that moment, or a moment that cannot be restored; CONFLICT when the
 *   schema is there already; CLUSTER_BUSY while another such command runs.
 */
export async function restoreObjects(io: CommandIo, options: RestoreObjectsOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  assertHasRepository(cluster)
  const objects = wantedOf(cluster.spec, options)
  const repository = repositoryOf(cluster.spec, options.from)
  // The cluster itself is not changed: it fails over, is backed up and switched meanwhile as ever.
  const unlock = await lockCluster(`${cluster.spec.name}-restore-objects`, io.commandLine)
  try {
    const restored = await withAudit(io, cluster, (audit) =>
      recordOutcome(
        audit,
        'cli.restore',
        () => restoreInto(io, cluster, { ...options, objects, repository }),
        ({ tables }) => ({
          summary: `${count(tables.length, 'table')} of ${objects.database} restored ${targetWords(options.target)}, beside what is there`,
          evidence: { tables: tables.map(({ into, name }) => `${into}.${name}`) },
        }),
      ),
    )
    io.out(
      io.json
        ? JSON.stringify({ database: objects.database, ...restored }, null, 2)
        : describeRestored(objects, restored),
    )
  } finally {
    await unlock()
  }
}

const SCHEMA = 'public'

function wantedOf(
  spec: ClusterSpec,
  { database, tables, schemas, target }: RestoreObjectsOptions,
): WantedObjects {
  const moment = target.kind === 'time' ? new Date(target.time) : new Date()
  const stamp = moment.toISOString().slice(0, 19).replace('T', '_').replace(/[-:]/g, '')
  return {
    database: database ?? onlyDatabase(spec),
    tables: tables.map((word) => {
      const dot = word.indexOf('.')
      return dot === -1
        ? { schema: SCHEMA, name: word }
        : { schema: word.slice(0, dot), name: word.slice(dot + 1) }
    }),
    schemas: [...new Set(schemas)],
    suffix: `_restored_${stamp}`,
  }
}

function onlyDatabase({ database }: ClusterSpec): string {
  const names = database.databases.map(({ name }) => name)
  const [only] = names
  if (only !== undefined && names.length === 1) return only
  throw new PlatformError('USAGE', 'say of which database they are: --database', {
    hint:
      names.length === 0
        ? `The cluster file names none of yours; the platform’s own is ${PLATFORM_DATABASE}.`
        : `There are ${list(names)}.`,
  })
}

interface Wanted extends RestoreObjectsOptions {
  readonly objects: WantedObjects
  readonly repository: string
}

async function restoreInto(
  io: CommandIo,
  cluster: OpenCluster,
  { objects, repository, target, backup, install }: Wanted,
): Promise<RestoredObjects> {
  const { spec, state } = cluster
  await assertPlaceIsFree(await findPrimary(cluster), objects)
  const machine = await setUpMachine(io, install)
  const image = await buildRestoreImage(io, machine)
  await archiveWhatIsThere(io, cluster)
  const baseDir = (await loadAppliedSource(spec.name))?.baseDir ?? state.root
  const container: RestoreContainer = {
    sides: await restoreSidesOf({ source: spec.name }, cluster, baseDir),
    state: { ...state, restoreDir: join(state.root, 'restore-objects') },
    ...{ image, ordinal: 2 },
  }
  let volume: ObjectsVolume | undefined
  try {
    const pgbackrest = createPgbackrest(spec.name, await openRepositoryReader(container))
    const restorable = await runStep(
      io.progress,
      `looking into ${repository}`,
      () => assertCanRestore(pgbackrest, { repository, target, backup }),
      describeWindow,
    )
    await assertRoomFor(1, restorable)
    const made = await createObjectsVolume(container, io.signal)
    volume = made
    const restored = await runStep(
      io.progress,
      `restoring ${objects.database} ${targetWords(target)}`,
      ({ note }) => made.fill({ repository, target, backup: backup ?? null, objects }, note),
      describeTimes,
    )
    const primary = await findPrimary(cluster)
    await runStep(
      io.progress,
      `loading ${count(restored.tables.length, 'table')} into ${primary}`,
      async () => {
        await assertPlaceIsFree(primary, objects)
        await made.load(primary, objects.database, await ownerOf(primary, objects.database))
        await assertAllThere(primary, objects, restored)
      },
      () => bytes(restored.dump_bytes),
    )
    return restored
  } finally {
    await volume?.remove()
    await rm(container.state.restoreDir, { recursive: true, force: true })
  }
}

const describeTimes = ({ database_bytes, restore_ms, replay_ms }: RestoredObjects): string =>
  `up to ${bytes(database_bytes ?? 0)} copied in ${duration(restore_ms ?? 0)}, WAL replayed in ${duration(replay_ms ?? 0)}`

async function findPrimary(cluster: OpenCluster): Promise<string> {
  const observer = createClusterObserver(cluster)
  const { members } = await observer.observe().finally(() => observer.close())
  const primary = members.find(({ role, state }) => role === 'primary' && state === 'running')
  if (primary !== undefined) return primary.name
  throw new PlatformError('CLUSTER_DEGRADED', 'there is no primary to load them into', {
    hint: '`./neuronha status` says why. Run the same command again when there is one.',
  })
}

const ask = async (member: string, database: string, sql: string): Promise<string> => {
  const psql = ['psql', '-U', 'postgres', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database]
  return (await runOk('docker', ['exec', '-i', member, ...psql], { input: sql })).stdout.trim()
}

async function assertPlaceIsFree(
  primary: string,
  { database, ...wanted }: WantedObjects,
): Promise<void> {
  const isThere = `SELECT count(*) FROM pg_database WHERE datname = ${quoteLiteral(database)}`
  if ((await ask(primary, 'postgres', isThere)) === '0')
    throw new PlatformError('BAD_REQUEST', `there is no database ${database} to put them into`, {
      hint: 'Name it with --database, or make it first: what is restored goes beside what is there.',
    })
  const names = schemasOf(wanted).map(({ into }) => quoteLiteral(into))
  const taken = await ask(
    primary,
    database,
    `SELECT nspname FROM pg_namespace WHERE nspname IN (${names.join(', ')}) ORDER BY 1`,
  )
  if (taken === '') return
  throw new PlatformError('CONFLICT', `the schema ${list(taken.split('\n'))} is there already`, {
    hint: 'It was restored before. Rename or drop it, and run the same command again.',
  })
}

const ownerOf = (primary: string, database: string): Promise<string> =>
  ask(
    primary,
    database,
    `SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()`,
  )

/** Every row that was in the copy. */
async function assertAllThere(
  primary: string,
  objects: WantedObjects,
  { tables }: RestoredObjects,
): Promise<void> {
  const answer = await ask(primary, objects.database, tablesSql(objects))
  const there = z.array(restoredTable).parse(JSON.parse(answer))
  const short = tables.filter(
    ({ into, name, rows }) =>
      there.find((table) => table.into === into && table.name === name)?.rows !== rows,
  )
  if (short.length === 0) return
  throw new PlatformError(
    'BACKUP_FAILED',
    `not every row arrived: ${list(short.map(({ into, name }) => `${into}.${name}`))}`,
    { hint: 'Does somebody write there already? Drop the schema, and run the same command again.' },
  )
}

/** What came back, where it is, and what people do with it. */
function describeRestored(
  { database }: WantedObjects,
  { tables, recovered_to, left_out: { foreignKeys, triggers } }: RestoredObjects,
): string {
  const reached =
    recovered_to === null ? '' : `, as of ${recovered_to.replace('T', ' ').replace('Z', ' UTC')}`
  const lines = tables.map(
    ({ schema, name, into, rows }) =>
      `  ${schema}.${name} → ${into}.${name}  ${rows.toLocaleString('en')} ${rows === 1 ? 'row' : 'rows'}`,
  )
  const omitted = [
    ...(foreignKeys === 0
      ? []
      : [`${count(foreignKeys, 'foreign key')} to tables that stayed behind`]),
    ...(triggers === 0 ? [] : [count(triggers, 'trigger')]),
  ]
  const [example] = tables
  const usage =
    example === undefined
      ? []
      : [
          '',
          'What was there is untouched. For example, to put back rows that are missing:',
          `  INSERT INTO ${qualified(example.schema, example.name)} SELECT * FROM ${qualified(example.into, example.name)} ON CONFLICT DO NOTHING;`,
          `and when it is of no use any more: DROP SCHEMA ${quoteIdentifier(example.into)} CASCADE;`,
        ]
  return [
    `Restored into ${database}${reached}:`,
    ...lines,
    ...(omitted.length === 0 ? [] : [`  without ${omitted.join(' and ')}`]),
    ...usage,
  ].join('\n')
}

const qualified = (schema: string, name: string): string =>
  `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`
