/** `events`: the audit log, from etcd and PostgreSQL together; `--follow` goes on as they come. */
import type { PlatformEvent, Severity } from '@neuronha/core/contracts/coordination.ts'
import { EVENT_RETENTION_DAYS } from '@neuronha/core/contracts/events.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { observeConfigOf } from '@neuronha/core/render/services.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createArchiveReader } from '../events/event-archive.ts'
import { firstIdAt } from '../events/event-id.ts'
import { createEventStore } from '../events/event-store.ts'
import { formatEvent, formatEventsHeading } from '../events/format-events.ts'
import { createReadEvents, type ReadEvents, type StoredQuery } from '../events/read-events.ts'
import { openCluster, type ClusterChoice, type CommandIo, type OpenCluster } from './context.ts'
import { cliTlsFiles, openKv } from './open-kv.ts'

export interface EventsOptions extends ClusterChoice {
  /** `90s`, `15m`, `1h`, `7d`, or a time in ISO 8601. */
  readonly since: string | undefined
  /** How the kind begins. */
  readonly kind: string | undefined
  readonly severity: Severity | undefined
  readonly follow: boolean
  readonly limit: number | undefined
}

const DEFAULT_LIMIT = 50
const MOST = 10_000
const FOLLOW_EVERY_MS = 1000
/** Following looks this far back: an event that waited for etcd arrives later than its own time. */
const FOLLOW_BACK_MS = 900_000

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

/**
 * The time that `--since` means. Pure.
 *
 * @throws PlatformError USAGE
 */
export function parseSince(text: string, nowMs: number): number {
  const [, amount, unit = ''] = /^(\d{1,6})\s*([smhd])$/.exec(text) ?? []
  if (amount !== undefined) return nowMs - Number(amount) * (UNIT_MS[unit] ?? 0)
  const ms = /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : NaN
  if (!Number.isNaN(ms)) return ms
  throw new PlatformError('USAGE', `--since ${text} is no time`, {
    hint: 'Write how long ago (90s, 15m, 1h, 7d) or a time such as 2026-11-23T20:00:00Z.',
  })
}

const parseLimit = (limit: number | undefined): number => {
  const value = limit ?? DEFAULT_LIMIT
  if (Number.isInteger(value) && value >= 1 && value <= MOST) return value
  throw new PlatformError('USAGE', `--limit must be a whole number from 1 to ${MOST}`)
}

/** Prints what there is, and with `--follow` what comes. With `--json` one event per line, evidence and all. */
export async function events(io: CommandIo, options: EventsOptions): Promise<void> {
  const nowMs = Date.now()
  const query: StoredQuery = {
    limit: parseLimit(options.limit),
    kind: options.kind,
    severity: options.severity,
    sinceMs: options.since === undefined ? undefined : parseSince(options.since, nowMs),
  }
  const cluster = await openCluster(io, options)
  const log = openEvents(cluster)
  try {
    const { items, incomplete, has_older: hasOlder } = await log.read(query)
    for (const words of incomplete) io.warn(words)
    if (!io.json && items.length > 0) io.out(formatEventsHeading(io))
    print(io, items)
    if (options.follow) await follow(io, log.read, query, items)
    else if (!io.json) sayWhatElse(io, items.length, hasOlder)
  } finally {
    await log.close()
  }
}

function sayWhatElse(io: CommandIo, shown: number, hasOlder: boolean): void {
  if (shown === 0)
    io.out(`No events of that kind and time; they are kept for ${EVENT_RETENTION_DAYS} days.`)
  else if (hasOlder) io.progress.say(`  there are older ones: --limit ${shown * 4}, or --since`)
}

function print(io: CommandIo, items: readonly PlatformEvent[]): void {
  for (const event of items) io.out(io.json ? JSON.stringify(event) : formatEvent(event, io))
}

/** Until it is interrupted. A look that fails is said once, and the next one tried. */
async function follow(
  io: CommandIo,
  read: ReadEvents,
  query: StoredQuery,
  printed: readonly PlatformEvent[],
): Promise<void> {
  const startMs = Date.now()
  let seen = new Set(printed.map(({ id }) => id))
  let isFirst = true
  let said = ''
  const say = (words: string): void => {
    if (words !== said && words !== '') io.warn(words)
    said = words
  }
  while (!io.signal.aborted) {
    const sinceMs = Math.max(query.sinceMs ?? 0, Date.now() - FOLLOW_BACK_MS)
    try {
      const page = await read({ ...query, sinceMs, limit: MOST })
      say(page.incomplete.join('; '))
      const fresh = page.items.filter(({ id }) => !seen.has(id))
      // What the first look left out by its limit is old, not new.
      print(io, isFirst ? fresh.filter(({ at }) => Date.parse(at) >= startMs) : fresh)
      isFirst = false
      // A store that does not answer for a while must not make its events new again.
      const ids = [...seen, ...page.items.map(({ id }) => id)]
      seen = new Set(ids.filter((id) => id >= firstIdAt(sinceMs)))
    } catch (thrown) {
      say(toPlatformError(thrown).message)
    }
    await sleep(FOLLOW_EVERY_MS, io.signal).catch(() => undefined)
  }
}

/** The audit log of a cluster, straight from etcd and the members: no controller is needed. */
export function openEvents(cluster: OpenCluster): {
  readonly read: ReadEvents
  close(): Promise<void>
} {
  const { spec, secrets } = cluster
  const { kv, close } = openKv(cluster)
  const tlsFiles = cliTlsFiles(cluster)
  const { members, database } = observeConfigOf(spec, secrets, tlsFiles)
  const archive = createArchiveReader({ members, login: database, tls: loadTls(tlsFiles) })
  return {
    read: createReadEvents(createEventStore(kv, spec.name), archive),
    close: async () => {
      await Promise.all([close(), archive.close()])
    },
  }
}
