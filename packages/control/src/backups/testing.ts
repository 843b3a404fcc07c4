/** For tests of restores: a copy without a database. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { RepositoryContents } from './pgbackrest.ts'
import type { RestoreCopyOptions, RestoredCopy } from './restored-copy.ts'

export const aBackup = (label: string): RepositoryContents['backups'][number] => ({
  label,
  kind: 'full',
  started_at: '2026-11-28T18:59:01.000Z',
  ended_at: '2026-11-28T18:59:05.000Z',
  start_lsn: '0/7000028',
  start_wal: '000000010000000000000007',
  stop_lsn: '0/7001108',
  database_bytes: 32_210_684,
  stored_bytes: 3_848_608,
  has_errors: false,
  verification: null,
})

/** Remembers what was done with it, answers as told, and breaks where it is told to. */
export class FakeCopy implements RestoredCopy {
  readonly acts: string[] = []
  /** Answers, by a part of the question. */
  answers: Readonly<Record<string, string>> = {}
  broken: keyof RestoredCopy | null = null
  readonly #act = (name: keyof RestoredCopy, words: string = name): Promise<void> => {
    this.acts.push(words)
    return this.broken === name
      ? Promise.reject(new PlatformError('COMMAND_FAILED', `${name} failed`))
      : Promise.resolve()
  }
  restore = async ({ repository, target, backup, options = [] }: RestoreCopyOptions) => {
    const words = [repository, target.kind, ...(backup === undefined ? [] : [backup]), ...options]
    await this.#act('restore', ['restore', ...words].join(' '))
    return backup ?? '20261128-185901F'
  }
  resume = (repository: string) => this.#act('resume', `resume ${repository}`)
  completeHistories = (repository: string, timeline: number) =>
    this.#act('completeHistories', `histories ${repository} ${timeline}`)
  start = () => this.#act('start')
  ask = async (sql: string): Promise<string> => {
    await this.#act('ask', `ask ${sql.slice(0, 12)}`)
    return Object.entries(this.answers).find(([part]) => sql.includes(part))?.[1] ?? ''
  }
  checkRelations = () => this.#act('checkRelations')
  dump = (database: string, schemas: readonly string[]) =>
    this.#act('dump', `dump ${database} ${schemas.join(' ')}`)
  stop = () => this.#act('stop')
  checkPages = () => this.#act('checkPages')
  remove = () => this.#act('remove')
}
