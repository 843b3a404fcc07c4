/**
 * Both halves of the audit log as one. etcd is read first: an event that leaves it meanwhile is in PostgreSQL by
 * then, so none is missed, and one that is seen in both is the same by its id.
 */
import type { PlatformEvent, Severity } from '@neuronha/core/contracts/coordination.ts'
import type { EventsPage, EventsQuery } from '@neuronha/core/contracts/events.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { rankOf } from './drop-order.ts'
import type { ArchiveReader } from './event-archive.ts'
import { firstIdAt } from './event-id.ts'
import { EVENTS_PAGE, type EventStore } from './event-store.ts'

/** What to read, in each half alike. */
export interface StoredQuery {
  readonly sinceMs?: number | undefined
  /** An id; only older events. */
  readonly before?: string | undefined
  /** How the kind begins. */
  readonly kind?: string | undefined
  /** At least this severe. */
  readonly severity?: Severity | undefined
  /** The newest so many. */
  readonly limit: number
}

export type ReadEvents = (query: StoredQuery) => Promise<EventsPage>

export const toStoredQuery = ({ since, ...query }: EventsQuery): StoredQuery => ({
  ...query,
  sinceMs: since === undefined ? undefined : Date.parse(since),
})

/** Does an event fit, apart from its time? */
const fits = (event: PlatformEvent, { kind, severity }: StoredQuery): boolean =>
  (kind === undefined || event.kind.startsWith(kind)) &&
  (severity === undefined || rankOf(event.severity) >= rankOf(severity))

/** The newest events of etcd's half, newest first. */
async function readStore(store: EventStore, query: StoredQuery): Promise<readonly PlatformEvent[]> {
  const found: PlatformEvent[] = []
  let { before } = query
  for (;;) {
    const { events, total } = await store.page({
      limit: EVENTS_PAGE,
      descending: true,
      ...(query.sinceMs === undefined ? {} : { from: firstIdAt(query.sinceMs) }),
      ...(before === undefined ? {} : { before }),
    })
    found.push(...events.filter((event) => fits(event, query)))
    if (found.length >= query.limit || events.length >= total) return found.slice(0, query.limit)
    before = events.at(-1)?.id
  }
}

type Half<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly why: string }

const attempt = async <T>(read: () => Promise<T>): Promise<Half<T>> => {
  try {
    return { ok: true, value: await read() }
  } catch (thrown) {
    return { ok: false, why: toPlatformError(thrown).message }
  }
}

/** Each event once, oldest first. */
export const unite = (halves: readonly (readonly PlatformEvent[])[]): readonly PlatformEvent[] =>
  [...new Map(halves.flat().map((event) => [event.id, event])).values()].sort((left, right) =>
    left.id < right.id ? -1 : 1,
  )

/** @throws PlatformError UNAVAILABLE when neither half answers. */
export function createReadEvents(store: EventStore, archive: ArchiveReader): ReadEvents {
  return async (query) => {
    // One more than is shown tells whether there are older ones.
    const wanted = { ...query, limit: query.limit + 1 }
    const waiting = await attempt(() => readStore(store, wanted))
    const archived = await attempt(() => archive.read(wanted))
    if (!waiting.ok && !archived.ok) {
      throw new PlatformError('UNAVAILABLE', 'Neither etcd nor PostgreSQL answers with events', {
        hint: `etcd: ${waiting.why}; PostgreSQL: ${archived.why}. The controllers’ own logs have every event: ./neuronha logs controller`,
      })
    }
    const all = unite([waiting.ok ? waiting.value : [], archived.ok ? archived.value.events : []])
    return {
      items: all.slice(-query.limit),
      has_older: all.length > query.limit,
      incomplete: incompleteness(waiting, archived),
    }
  }
}

const incompleteness = (
  waiting: Half<unknown>,
  archived: Half<{ readonly member: string; readonly isPrimary: boolean }>,
): string[] => [
  ...(waiting.ok
    ? []
    : [`etcd does not answer (${waiting.why}): the newest events may be missing`]),
  ...(archived.ok
    ? archived.value.isPrimary
      ? []
      : [`there is no primary: archived events are as ${archived.value.member} knows them`]
    : [`PostgreSQL does not answer (${archived.why}): only events that wait in etcd are shown`]),
]
