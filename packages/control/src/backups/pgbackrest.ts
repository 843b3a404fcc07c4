/**
 * pgBackRest as a program: how it is called, what its JSON says, and its errors in words with a way out. Only here are its
 * names of things known.
 */
import type { BackupEntry, RepositoryState } from '@neuronha/core/contracts/backups.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { PGBACKREST } from '@neuronha/core/render/pgbackrest.ts'
import { run, type RunOptions, type RunResult } from '@neuronha/runtime/exec.ts'
import { z } from 'zod'
import { archiveGaps } from './archive-gaps.ts'

export interface Pgbackrest {
  /** How PostgreSQL itself is to call it. */
  command(...args: readonly string[]): readonly string[]
  /**
   * Runs a verb to its end.
   *
   * @throws PlatformError BACKUP_FAILED with what it said and what to do about it; CLUSTER_BUSY while another one holds
   *   the lock that this one needs, on the same host.
   */
  run(
    args: readonly string[],
    options?: Pick<RunOptions, 'signal' | 'onLine' | 'input'>,
  ): Promise<string>
  /**
   * What one repository holds.
   *
   * @throws PlatformError BACKUP_FAILED when it cannot be read.
   */
  info(repository: string): Promise<RepositoryContents>
  /**
   * When the newest file of the archive was written, by the store's clock; null: there is none.
   *
   * @throws PlatformError BACKUP_FAILED when the repository cannot be read.
   */
  newestWal(repository: string): Promise<Date | null>
}

/** A full backup of a large database takes hours. */
const LONGEST_MS = 24 * 3_600_000
/** It tries a store that refuses connections nine times over for so long each. */
const LOOK_SECONDS = 3

export type Execute = (command: readonly string[], options: RunOptions) => Promise<RunResult>

const execute: Execute = ([program = '', ...args], options) => run(program, args, options)

/** Entries of its log that are one of a great many, and the options that each verb begins with. */
const CHATTER = /P\d\d (?:DETAIL:| {2}INFO: \S+ command begin)/

/** As {@link execute}, and tells what it says. */
export const executeTelling =
  (tell: (line: string) => void): Execute =>
  (command, options) =>
    execute(command, {
      ...options,
      onLine: (line, stream) => {
        options.onLine?.(line, stream)
        if (/^\d{4}-\d\d-\d\d /.test(line) && !CHATTER.test(line)) tell(line)
      },
    })

export function createPgbackrest(stanza: string, exec: Execute = execute): Pgbackrest {
  const command = (...args: readonly string[]): readonly string[] => [
    ...PGBACKREST,
    `--stanza=${stanza}`,
    ...args,
  ]
  const call = (args: readonly string[], options: RunOptions = {}): Promise<RunResult> =>
    exec(command(...args), { timeoutMs: LONGEST_MS, ...options })
  const read = async (repository: string, ...args: readonly string[]): Promise<string> => {
    const look = [`--repo=${numberOf(repository)}`, `--io-timeout=${LOOK_SECONDS}`]
    const result = await call([...look, '--output=json', ...args])
    if (result.code !== 0) throw failure(result)
    return result.stdout
  }
  const filesOf = (repository: string, archive: string): Promise<string> =>
    read(repository, '--recurse', 'repo-ls', `archive/${stanza}/${archive}`)
  return {
    command,
    run: async (args, options) => {
      const result = await call(args, options)
      if (result.code !== 0) throw failure(result)
      return result.stdout
    },
    info: async (repository) => {
      const { archive, ...contents } = parseInfo(await read(repository, 'info'))
      if (archive === null) return { ...contents, gaps: [] }
      const files = parseList(await filesOf(repository, archive))
      return { ...contents, gaps: [...archiveGaps(Object.keys(files))] }
    },
    newestWal: async (repository) => {
      const { archive } = parseInfo(await read(repository, 'info'))
      if (archive === null) return null
      const files = Object.values(parseList(await filesOf(repository, archive)))
      const seconds = files.reduce((newest, { time }) => Math.max(newest, time ?? 0), 0)
      return seconds === 0 ? null : new Date(seconds * 1000)
    },
  }
}

/** `repo2` → 2, as its options want it. */
export const numberOf = (repository: string): string => repository.replace(/^repo/, '')

/** `P01 DETAIL: backup file host:path (8KB, 37.41%) checksum …`: how far a backup or a restore is. */
export const percentOf = (line: string): number | undefined => {
  const [, percent] = /\(.*?, (\d+(?:\.\d+)?)%\)/.exec(line) ?? []
  return percent === undefined ? undefined : Number(percent)
}

const range = z.object({ min: z.string().nullable(), max: z.string().nullable() })
const status = z.object({ code: z.int(), message: z.string() })

/** As much of `info --output=json` as is read. Times are seconds since 1970. */
const info = z.array(
  z.object({
    status,
    /** Each repository’s own, with the reason. */
    repo: z.array(z.object({ status })).default([]),
    archive: z
      .array(range.extend({ id: z.string(), database: z.object({ id: z.int() }) }))
      .default([]),
    backup: z
      .array(
        z.object({
          label: z.string(),
          type: z.enum(['full', 'diff', 'incr']),
          error: z.boolean().nullish(),
          timestamp: z.object({ start: z.number(), stop: z.number() }),
          lsn: z.object({ start: z.string(), stop: z.string() }),
          archive: z.object({ start: z.string() }),
          info: z.object({
            size: z.number(),
            repository: z.object({ delta: z.number().default(0) }),
          }),
        }),
      )
      .default([]),
    db: z.array(z.object({ id: z.int() })).default([]),
  }),
)

const KINDS = { full: 'full', diff: 'differential', incr: 'incremental' } as const

/** `info` calls it an error when there is a stanza and no backup yet. */
const NO_BACKUP = 2

/** What is in a repository that could be read. */
export type RepositoryContents = Pick<RepositoryState, 'wal_from' | 'wal_to' | 'gaps' | 'backups'>

/**
 * Pure.
 *
 * @throws PlatformError BACKUP_FAILED when it says that the repository cannot be read.
 */
export function parseInfo(
  json: string,
): Omit<RepositoryContents, 'gaps'> & { readonly archive: string | null } {
  const [stanza] = parsed(info, json)
  if (stanza === undefined) throw unreadable('it does not know this cluster')
  if (stanza.status.code !== 0 && stanza.status.code !== NO_BACKUP)
    throw unreadable(stanza.repo[0]?.status.message ?? stanza.status.message)
  // A repository may still hold what an earlier cluster of this name archived: the newest history is this one.
  const newest = Math.max(0, ...stanza.db.map(({ id }) => id))
  const archives = stanza.archive.filter(({ database }) => database.id === newest)
  return {
    archive: archives.at(-1)?.id ?? null,
    wal_from: archives[0]?.min ?? null,
    wal_to: archives.at(-1)?.max ?? null,
    backups: stanza.backup.map((backup): BackupEntry => ({
      label: backup.label,
      kind: KINDS[backup.type],
      started_at: timeOf(backup.timestamp.start),
      ended_at: timeOf(backup.timestamp.stop),
      start_lsn: backup.lsn.start,
      start_wal: backup.archive.start,
      stop_lsn: backup.lsn.stop,
      database_bytes: backup.info.size,
      stored_bytes: backup.info.repository.delta,
      has_errors: backup.error === true,
      verification: null,
    })),
  }
}

/** `repo-ls --recurse --output=json`: path → when it was written, seconds since 1970; folders have no time. */
const listing = z.record(z.string(), z.object({ time: z.number().nullish() }))
const parseList = (json: string): z.infer<typeof listing> => parsed(listing, json)

function parsed<T extends z.ZodType>(schema: T, json: string): z.infer<T> {
  try {
    return schema.parse(JSON.parse(json))
  } catch (cause) {
    // What was read with a wrong key is in its message as it is, and then the answer is no JSON.
    const known = DIAGNOSES.find(({ pattern }) => pattern.test(json))
    if (known !== undefined)
      throw new PlatformError('BACKUP_FAILED', known.words, { hint: known.hint, cause })
    throw new PlatformError('BACKUP_FAILED', 'pgBackRest’s answer cannot be read', { cause })
  }
}

const unreadable = (said: string): PlatformError => {
  const { message, hint, isAway } = diagnose(said)
  return new PlatformError('BACKUP_FAILED', message, { hint, details: { isAway } })
}

const timeOf = (seconds: number): string => new Date(seconds * 1000).toISOString()

const LOCKED = /^\[050\]/

interface Diagnosis {
  readonly pattern: RegExp
  readonly words: string
  readonly hint: string
  /** It may answer in a moment. */
  readonly isAway?: boolean
}

/** The first that fits. */
const DIAGNOSES: readonly Diagnosis[] = [
  {
    pattern: /RequestTimeTooSkewed/,
    words: 'the clocks of the store and of this machine differ too much',
    hint: 'Set both by NTP; S3 takes no request that is off by more than 15 minutes.',
  },
  {
    pattern: /InvalidAccessKeyId|SignatureDoesNotMatch|AccessDenied|\b403\b/,
    words: 'the store does not take the credentials',
    hint: 'Look at the key files that backup.repositories names, and at what that key may do in the bucket; then run `./neuronha up`.',
  },
  {
    pattern: /NoSuchBucket/,
    words: 'there is no such bucket',
    hint: 'Make it at the store, or correct backup.repositories.',
  },
  {
    pattern: /InsufficientStorage|\b507\b|No space left/,
    words: 'there is no space left',
    hint: 'Make room at the store, or shorten backup.retention.',
  },
  {
    pattern: /certificate presented by|TLS error/i,
    words: 'the store’s certificate is not trusted',
    hint: 'Name its CA in backup.repositories.caFile, and the store by the name that is in its certificate.',
  },
  {
    pattern: /CryptoError|unable to load info file[^]*FormatError/,
    words: 'the repository is encrypted with another key',
    hint: 'It was made by another cluster. Give this one a path of its own, or the key that it was made with.',
  },
  {
    pattern: /BackupMismatchError|ArchiveMismatchError|do not match the database|system-id/,
    words: 'the repository belongs to another database of this name',
    hint: 'Give this cluster a path of its own in the bucket. Nothing there was changed.',
  },
  {
    pattern:
      /unable to get address|HostConnectError|unable to connect|Connection refused|timeout .*(read|write) from/i,
    words: 'no answer',
    isAway: true,
    hint: 'Is it up, and reachable from the members? What could not be archived waits on their disks and is archived afterwards.',
  },
  {
    pattern: /unable to find primary cluster/,
    words: 'no primary answered',
    hint: 'It is tried again when there is one.',
  },
]

/** `P00  ERROR: [056]: unable to find primary cluster - cannot proceed`, and what it says below that, up to the next entry. */
const ERRORS = /(?:ERROR|ASSERT): (\[\d+\]: .*(?:\n(?!\d{4}-\d\d-\d\d |\s*-{20}).*)*)/g

/** Of the last error; whatever else it printed, its own options among it, says nothing about that. */
export function failure(result: RunResult): PlatformError {
  const errors = [...`${result.stdout}\n${result.stderr}`.matchAll(ERRORS)]
  const said = errors.at(-1)?.[1]
  if (said === undefined)
    return new PlatformError('BACKUP_FAILED', `pgBackRest ended with ${result.code} and no word`, {
      details: { code: result.code },
    })
  if (LOCKED.test(said))
    return new PlatformError('CLUSTER_BUSY', 'pgBackRest archives or backs up just now')
  return unreadable(said)
}

/** What pgBackRest says, in words that name the cause where it is known. */
function diagnose(said: string): {
  readonly message: string
  readonly hint: string
  readonly isAway: boolean
} {
  const found = DIAGNOSES.find(({ pattern }) => pattern.test(said))
  // What was read with a wrong key is no text.
  const reason = (said.split('\n')[0] ?? '')
    .replace(/^\[\w+\]:? /, '')
    .replaceAll(/[^\x20-\x7e]/g, '')
  const message = found === undefined ? reason : `${found.words} (${reason.trim()})`
  return {
    message: message.slice(0, MOST_WORDS),
    hint: found?.hint ?? '`./neuronha logs backup` has more of it.',
    isAway: found?.isAway ?? false,
  }
}

const MOST_WORDS = 400
