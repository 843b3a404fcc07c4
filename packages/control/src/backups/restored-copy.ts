/**
 * A throw-away copy of the database: restored from a repository, replayed up to a restore point, asked, and removed. Its WAL
 * goes nowhere, nobody else reaches it, and PostgreSQL's programs are called as a person would call them.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { CONFIG_DIR } from '@neuronha/core/render/files.ts'
import { RESTORED_DATA_DIR } from '@neuronha/core/render/pgbackrest.ts'
import { PLATFORM_DATABASE, ROLES } from '@neuronha/core/topology/roles.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { lastWords, run, runOk } from '@neuronha/runtime/exec.ts'
import { numberOf, type Pgbackrest } from './pgbackrest.ts'

/** Replaying a day's WAL, or checking every page, may take hours. */
const LONGEST_MS = 24 * 3_600_000
const LOOK_EVERY_MS = 500
const SOCKET_DIR = '/run/postgresql'
const STOP_MS = 60_000
const LAST_WORDS = 4000

export interface RestoredCopy {
  restore(repository: string, target: string): Promise<void>
  /** Replays up to the target; resolves when the copy takes questions. */
  start(): Promise<void>
  /** One value of one row. */
  ask(sql: string): Promise<string>
  /** Every table and index of every database, as amcheck sees it. */
  checkRelations(): Promise<void>
  stop(): Promise<void>
  /** Every page against its checksum; the copy is stopped. */
  checkPages(): Promise<void>
  /** Safe at any point, also twice. */
  remove(): Promise<void>
}

export function createRestoredCopy(pgbackrest: Pgbackrest, signal: AbortSignal): RestoredCopy {
  const call = { signal, timeoutMs: LONGEST_MS }
  const login = ['--host', SOCKET_DIR, '--username', ROLES.superuser.name]
  let server: Server | undefined
  const stop = async (): Promise<void> => {
    await server?.stop()
    server = undefined
  }
  const emptyFolder = async (): Promise<void> => {
    await mkdir(RESTORED_DATA_DIR, { recursive: true, mode: 0o700 })
    for (const name of await readdir(RESTORED_DATA_DIR))
      await rm(join(RESTORED_DATA_DIR, name), { recursive: true, force: true })
  }
  return {
    restore: async (repository, target) => {
      await emptyFolder()
      const args = [
        `--repo=${numberOf(repository)}`,
        '--type=name',
        `--target=${target}`,
        '--target-action=promote',
        '--archive-mode=off',
        '--no-delta',
        'restore',
      ]
      await pgbackrest.run(args, { signal })
    },
    start: async () => {
      // /run is a tmpfs and comes up empty.
      await mkdir(SOCKET_DIR, { recursive: true })
      server = startServer()
      await server.untilReady(signal)
    },
    ask: async (sql) => {
      const args = [...login, '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', PLATFORM_DATABASE]
      return (await runOk('psql', args, { ...call, input: sql })).stdout.trim()
    },
    checkRelations: async () => {
      await runOk('pg_amcheck', [...login, '--all', '--install-missing', '--no-strict-names'], call)
    },
    stop,
    checkPages: async () => {
      await runOk('pg_checksums', ['--check', '--pgdata', RESTORED_DATA_DIR], call)
    },
    remove: async () => {
      await stop()
      await emptyFolder()
    },
  }
}

interface Server {
  readonly untilReady: (signal: AbortSignal) => Promise<void>
  readonly stop: () => Promise<void>
}

function startServer(): Server {
  const args = ['-D', RESTORED_DATA_DIR, '-c', `config_file=${CONFIG_DIR}/postgresql.conf`]
  const child: ChildProcess = spawn('postgres', args, { stdio: ['ignore', 'ignore', 'pipe'] })
  let words = ''
  child.stderr?.setEncoding('utf8').on('data', (part: string) => {
    words = (words + part).slice(-LAST_WORDS)
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
        if (!isRunning())
          throw new PlatformError(
            'BACKUP_FAILED',
            `the restored copy did not come up: ${lastWords({ stdout: '', stderr: words }, 3)}`,
          )
        // It takes no connections before its recovery has ended.
        const { code } = await run('pg_isready', ['-q', '-h', SOCKET_DIR])
        if (code === 0) return
        await sleep(LOOK_EVERY_MS, signal)
      }
    },
    stop: async () => {
      if (isRunning()) child.kill('SIGINT')
      const inTime = await Promise.race([ended.then(() => true), sleep(STOP_MS).then(() => false)])
      if (!inTime) child.kill('SIGKILL')
      await ended
    },
  }
}
