/**
 * Is the cluster that a repository's backups are of still alive somewhere? Two that write into one archive spoil it, and
 * one of them loses what it acknowledges. Alive means that WAL still arrives, which it does once in each `backup.rpo`.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { Pgbackrest } from '../backups/pgbackrest.ts'
import { duration } from '../observe/words.ts'

export interface SourceIsGoneOptions {
  readonly repository: string
  readonly rpoMs: number
  readonly note: (text: string) => void
  readonly signal: AbortSignal
  /** Wall clock, milliseconds since 1970. */
  readonly now: () => number
  readonly lookEveryMs?: number
}

const LOOK_EVERY_MS = 5000
/** Beyond the promise: an archiver that was late, or a clock that is off. */
const PATIENCE = 1.5
/** WAL older than this needs no watching: stores take no request whose clock is off by more than a quarter of an hour. */
const LONG_AGO_MS = 3_600_000

/**
 * Watches the archive for one and a half times the promised RPO, unless its newest WAL is an hour old, and ten times the RPO.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY when WAL arrives meanwhile.
 */
export async function assertSourceIsGone(
  pgbackrest: Pick<Pgbackrest, 'newestWal'>,
  options: SourceIsGoneOptions,
): Promise<void> {
  const { repository, rpoMs, note, signal, now, lookEveryMs = LOOK_EVERY_MS } = options
  const first = await pgbackrest.newestWal(repository)
  if (first === null || now() - first.getTime() > Math.max(LONG_AGO_MS, rpoMs * 10)) return
  const untilMs = now() + rpoMs * PATIENCE
  while (now() < untilMs) {
    note(`watching for ${duration(untilMs - now())} more whether the old cluster is alive`)
    await sleep(Math.min(lookEveryMs, Math.max(0, untilMs - now())), signal)
    const newest = await pgbackrest.newestWal(repository)
    if (newest !== null && newest > first) throw isAlive(newest)
  }
}

const isAlive = (at: Date): PlatformError =>
  new PlatformError(
    'REFUSED_FOR_SAFETY',
    `the cluster that these backups are of is alive: WAL of it arrived at ${at.toISOString()}`,
    {
      hint: 'Stop it first: two that write into one archive spoil it, and what one of them acknowledges is lost. For a copy beside it: `./neuronha restore --as NAME`.',
    },
  )
