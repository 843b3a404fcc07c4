/**
 * A copy of the database: restored from a repository, replayed up to a target, asked, and removed or kept. Nobody else
 * reaches it, and PostgreSQL's programs are called as a person would call them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { access, appendFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { CONFIG_DIR } from '@neuronha/core/render/files.ts'
import { PLATFORM_DATABASE, ROLES } from '@neuronha/core/topology/roles.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { lastWords, run, runOk } from '@neuronha/runtime/exec.ts'
import { numberOf, percentOf, type Pgbackrest } from './pgbackrest.ts'
import { restoreArguments } from './restore-arguments.ts'

/** Replaying a day's WAL, or checking every page, may take hours. */
const LONGEST_MS = 24 * 3_600_000
const LOOK_EVERY_MS = 500
const SOCKET_DIR = '/run/postgresql'
const STOP_MS = 60_000
const LAST_WORDS = 4000
const DUMP_OPTIONS = [
  '--format=custom',
  '--strict-names',
  '--no-owner',
  '--no-privileges',
  '--no-publications',
  '--no-subscriptions',
  '--no-security-labels',
]

export interface RestoreCopyOptions {
  readonly repository: string
  readonly target: RestoreTarget
  /** A label; default: pgBackRest chooses the newest that ends before the target. */
  readonly backup?: string | undefined
  /** More of pgBackRest's options. */
  readonly options?: readonly string[]
  readonly onPercent?: (percent: number) => void
}

export interface RestoredCopy {
  /** @returns Label of the backup that it began with, if pgBackRest said so. */
  restore(options: RestoreCopyOptions): Promise<string | undefined>
  /**
   * Files that are there, of a server that was shut down, are to begin a timeline that the repository has not seen.
   */
  resume(repository: string): Promise<void>
  /** Replays up to the target; resolves when the copy takes questions. */
  start(onSegment?: (segment: string) => void): Promise<void>
  /**
   * The history of each timeline up to this one, also of those that it does not descend from: a standby asks its primary for
   * all of them, one by one, and follows nobody who lacks one (walreceiver.c, WalRcvFetchTimeLineHistoryFiles).
   */
  completeHistories(repository: string, timeline: number): Promise<void>
  /** One value of one row. */
  ask(sql: string, database?: string): Promise<string>
  /** Every table and index of every database, as amcheck sees it. */
  checkRelations(): Promise<void>
  /** Whole schemas of a database into one file, without owners and rights, which may not be where it is loaded. */
  dump(database: string, schemas: readonly string[], file: string): Promise<void>
  stop(): Promise<void>
  /** Every page against its checksum; the copy is stopped. */
  checkPages(): Promise<void>
  /** Safe at any point, also twice. */
  remove(): Promise<void>
}

/** @param folder Where its files are. */
export function createRestoredCopy(
  pgbackrest: Pick<Pgbackrest, 'run' | 'command'>,
  folder: string,
  signal: AbortSignal,
): RestoredCopy {
  const call = { signal, timeoutMs: LONGEST_MS }
  const login = ['--host', SOCKET_DIR, '--username', ROLES.superuser.name]
  let server: Server | undefined
  const stop = async (): Promise<void> => {
    await server?.stop()
    server = undefined
  }
  const emptyFolder = async (): Promise<void> => {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    for (const name of await readdir(folder))
      await rm(join(folder, name), { recursive: true, force: true })
  }
  return {
    restore: async ({ repository, target, backup, options = [], onPercent }) => {
      await emptyFolder()
      const args = [
        `--repo=${numberOf(repository)}`,
        ...(backup === undefined ? [] : [`--set=${backup}`]),
        ...restoreArguments(target),
        `--recovery-option=restore_command=${restoreCommand(pgbackrest, repository)}`,
        ...options,
        '--no-delta',
        '--log-level-console=detail',
        'restore',
      ]
      let label: string | undefined
      const onLine = (line: string): void => {
        label ??= /restore backup set ([^,\s]+)/.exec(line)?.[1]
        const percent = percentOf(line)
        if (percent !== undefined) onPercent?.(percent)
      }
      await pgbackrest.run(args, { signal, onLine })
      return label
    },
    resume: (repository) => beginTimeline(pgbackrest, folder, repository),
    start: async (onSegment) => {
      // /run is a tmpfs and comes up empty.
      await mkdir(SOCKET_DIR, { recursive: true })
      server = startServer(folder, onSegment)
      await server.untilReady(signal)
    },
    completeHistories: async (repository, timeline) => {
      for (let id = 2; id <= timeline; id += 1)
        await fetchHistory(pgbackrest, { folder, repository, id, signal })
    },
    ask: async (sql, database = PLATFORM_DATABASE) => {
      const args = [...login, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', database]
      return (await runOk('psql', args, { ...call, input: sql })).stdout.trim()
    },
    checkRelations: async () => {
      await runOk('pg_amcheck', [...login, '--all', '--install-missing', '--no-strict-names'], call)
    },
    dump: async (database, schemas, file) => {
      const patterns = schemas.map((schema) => `--schema="${schema.replaceAll('"', '""')}"`)
      const args = [...login, '--dbname', database, '--file', file, ...DUMP_OPTIONS, ...patterns]
      await runOk('pg_dump', args, call)
    },
    stop,
    checkPages: async () => {
      await runOk('pg_checksums', ['--check', '--pgdata', folder], call)
    },
    remove: async () => {
      await stop()
      await emptyFolder()
    },
  }
}

/**
 * PostgreSQL takes every other failure for "there is no such file", ends its recovery there, and begins a timeline: what a store
 * that is away for a moment still holds would be lost. pgBackRest says 1 for what is not there; anything above 125 is fatal
 * (xlogarchive.c, RestoreArchivedFile).
 */
const restoreCommand = (pgbackrest: Pick<Pgbackrest, 'command'>, repository: string): string => {
  const get = pgbackrest.command(`--repo=${numberOf(repository)}`, 'archive-get', '%f', '"%p"')
  return `${get.join(' ')}; code=$?; if [ $code -gt 1 ]; then exit 200; fi; exit $code`
}

/** Has the server that starts next end its recovery where its files end, and choose a timeline that the archive has not. */
async function beginTimeline(
  pgbackrest: Pick<Pgbackrest, 'command'>,
  folder: string,
  repository: string,
): Promise<void> {
  // Of a server that was shut down, and whose process numbers mean nothing here; the volume's lock says that none runs.
  await rm(join(folder, 'postmaster.pid'), { force: true })
  const lines = [
    '',
    `restore_command = '${restoreCommand(pgbackrest, repository).replaceAll("'", "''")}'`,
    // Its own end, whatever others made of the archive since.
    `recovery_target_timeline = 'current'`,
    '',
  ]
  await appendFile(join(folder, 'postgresql.auto.conf'), lines.join('\n'))
  await writeFile(join(folder, 'recovery.signal'), '')
}

interface WantedHistory {
  readonly folder: string
  readonly repository: string
  /** Of the timeline. */
  readonly id: number
  readonly signal: AbortSignal
}

async function fetchHistory(
  pgbackrest: Pick<Pgbackrest, 'run'>,
  { folder, repository, id, signal }: WantedHistory,
): Promise<void> {
  const name = `${id.toString(16).toUpperCase().padStart(8, '0')}.history`
  const path = join(folder, 'pg_wal', name)
  if (await isThere(path)) return
  const args = [`--repo=${numberOf(repository)}`, 'archive-get', name, path]
  await pgbackrest.run(args, { signal }).catch((thrown: unknown) => {
    // Nobody ever had one of that number.
    if (toPlatformError(thrown).details?.['code'] !== 1) throw thrown
  })
}

const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  )

interface Server {
  readonly untilReady: (signal: AbortSignal) => Promise<void>
  readonly stop: () => Promise<void>
}

/** `restored log file "000000010000000000000007" from archive`. */
const RESTORED_SEGMENT = /restored log file "([0-9A-F]{24})"/

function startServer(folder: string, onSegment?: (segment: string) => void): Server {
  const args = ['-D', folder, '-c', `config_file=${CONFIG_DIR}/postgresql.conf`]
  const child: ChildProcess = spawn('postgres', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  if (child.stderr !== null)
    createInterface({ input: child.stderr }).on('line', (line) => {
      words = `${words}${line}\n`.slice(-LAST_WORDS)
      const segment = RESTORED_SEGMENT.exec(line)?.[1]
      if (segment !== undefined) onSegment?.(segment)
    })
  const ended = once(child, 'close').catch((thrown: unknown) => {
    words += toPlatformError(thrown).message
  })
  // A program that could not be started has no number.
  const isRunning = (): boolean =>
    child.pid !== undefined && child.exitCode === null && child.signalCode === null
  return {
    untilReady: async (signal) => {
      for (;;) {
        if (!isRunning()) {
          await ended
          throw didNotComeUp(words)
        }
        // It takes no connections before its recovery has ended.
        const { code } = await run('pg_isready', ['-q', '-h', SOCKET_DIR])
        if (code === 0) return
        await sleep(LOOK_EVERY_MS, signal)
      }
    },
    stop: async () => {
      if (isRunning()) child.kill('SIGINT')
      const late = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
      await ended
      clearTimeout(late)
    },
  }
}

/** What PostgreSQL says when it cannot get to the target, and the way out. */
const FAILURES = [
  {
    pattern: /recovery ended before configured recovery target was reached/,
    words: 'the target lies after what is archived',
    hint: 'Choose an earlier one, or `latest`.',
  },
  {
    pattern: /requested recovery stop point is before consistent recovery point/,
    words: 'the target lies before the end of the backup that was chosen',
    hint: 'Name an earlier backup with --backup; `./neuronha backup list` has them.',
  },
  {
    pattern: /could not restore file .* child process exited with exit code 200/,
    words: 'the repository could not be read to its end',
    hint: 'Is the store up? Nothing was given up: run the same command again.',
  },
  {
    pattern: /requested timeline \d+ is not a child of this server's history/,
    words: 'the backup that it began with is not of the history that is followed',
    hint: 'Name an earlier backup with --backup; `./neuronha backup list` has them.',
  },
  {
    pattern: /No space left on device/,
    words: 'the disk is full',
    hint: 'Make room, and run the same command again.',
  },
] as const

function didNotComeUp(said: string): PlatformError {
  const known = FAILURES.find(({ pattern }) => pattern.test(said))
  const reason = known?.words ?? lastWords({ stdout: '', stderr: said }, 3)
  return new PlatformError('BACKUP_FAILED', `the restored copy did not come up: ${reason}`, {
    ...(known === undefined ? {} : { hint: known.hint }),
  })
}
