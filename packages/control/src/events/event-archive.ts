/**
 * Events in PostgreSQL, straight at the members with the controller's own role: no pooler, no router, so that what
 * is read tells of their failure too. Writing goes to the primary only; reading takes a standby where there is none.
 */
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { quoteLiteral } from '@neuronha/core/render/sql.ts'
import type { StoredQuery } from './read-events.ts'
import { firstIdAt } from './event-id.ts'
import { severitiesFrom } from './drop-order.ts'
import { createMemberLocator, type LocatedMember, type LocatorOptions } from './locate-members.ts'

export interface ArchiveWriter {
  /** Returns once the events are committed, and held by as many standbys as the cluster promises. */
  append(events: readonly PlatformEvent[]): Promise<void>
  /** Deletes what is older than the retention; returns how many. */
  forgetOld(): Promise<number>
  close(): Promise<void>
}

export interface ArchivedEvents {
  /** The newest that were asked for, oldest first. */
  readonly events: readonly PlatformEvent[]
  readonly member: string
  readonly isPrimary: boolean
}

export interface ArchiveReader {
  read(query: StoredQuery): Promise<ArchivedEvents>
  close(): Promise<void>
}

type ArchiveOptions = Omit<LocatorOptions, 'onNotice'>

const READ_DEADLINE_MS = 3000
/** Long, because a COMMIT that is given up may stand all the same; the events stay in etcd until it is answered. */
const APPEND_DEADLINE_MS = 10_000
const FORGET_DEADLINE_MS = 6000

/** "canceling wait for synchronous replication": COMMIT then reports a success that a failover may undo. */
const DOUBTS: ReadonlySet<string> = new Set(['01000', '57P01'])

/** Runs works one after the other: a direct client takes one question at a time. */
const createTurns = () => {
  let last: Promise<unknown> = Promise.resolve()
  return <T>(work: () => Promise<T>): Promise<T> => {
    const turn = last.then(work, work)
    last = turn.catch(() => undefined)
    return turn
  }
}

/** Set by a notice while the answer was awaited, which the compiler cannot see. */
const isInDoubt = (commit: { readonly isInDoubt: boolean }): boolean => commit.isInDoubt

const noPrimary = (): PlatformError =>
  new PlatformError('DATABASE_UNAVAILABLE', 'no member is primary')

export function createArchiveWriter(options: ArchiveOptions): ArchiveWriter {
  const commit = { isInDoubt: false }
  const inTurn = createTurns()
  const locator = createMemberLocator({
    ...options,
    onNotice: (code) => {
      if (DOUBTS.has(code)) commit.isInDoubt = true
    },
  })
  const primary = async (): Promise<LocatedMember> => {
    const [best] = await locator.locate()
    if (best?.isPrimary === true) return best
    throw noPrimary()
  }
  return {
    append: (events) =>
      inTurn(async () => {
        const { client } = await primary()
        commit.isInDoubt = false
        await client.query(appendStatement(events), APPEND_DEADLINE_MS)
        if (isInDoubt(commit))
          throw new PlatformError('UNKNOWN_OUTCOME', 'the commit was not confirmed by a standby')
      }),
    forgetOld: () =>
      inTurn(async () => {
        const { client } = await primary()
        const [row] = await client.query<{ gone: number }>(
          'SELECT neuronha.forget_old_events()::int AS gone',
          FORGET_DEADLINE_MS,
        )
        return row?.gone ?? 0
      }),
    close: () => locator.close(),
  }
}

/** One message, one transaction. No statement timeout: a wait for a standby that it cancels would count as done. */
const appendStatement = (events: readonly PlatformEvent[]): string =>
  [
    'SET LOCAL synchronous_commit = on',
    'SET LOCAL statement_timeout = 0',
    `SELECT neuronha.archive_events(${quoteLiteral(JSON.stringify(events))}::jsonb)`,
  ].join('; ')

interface EventRow extends Omit<PlatformEvent, 'at'> {
  readonly at: Date
}

/** The newest events of a query, newest first. */
const readStatement = ({ sinceMs, before, kind, severity, limit }: StoredQuery): string => {
  const conditions = [
    ...(sinceMs === undefined ? [] : [`id >= ${quoteLiteral(firstIdAt(sinceMs))}`]),
    ...(before === undefined ? [] : [`id < ${quoteLiteral(before)}`]),
    ...(kind === undefined ? [] : [`starts_with(kind, ${quoteLiteral(kind)})`]),
    ...(severity === undefined
      ? []
      : [`severity IN (${severitiesFrom(severity).map(quoteLiteral).join(', ')})`]),
  ]
  const where = conditions.length === 0 ? '' : `WHERE ${conditions.join(' AND ')} `
  return `SELECT id, at, source, actor, kind, severity, summary, target, evidence
    FROM neuronha.events ${where}ORDER BY id DESC LIMIT ${Math.trunc(limit)}`
}

export function createArchiveReader(options: ArchiveOptions): ArchiveReader {
  const inTurn = createTurns()
  const locator = createMemberLocator(options)
  const readFrom = async (
    { client, name, isPrimary }: LocatedMember,
    query: StoredQuery,
  ): Promise<ArchivedEvents> => {
    const rows = await client.query<EventRow>(readStatement(query), READ_DEADLINE_MS)
    const events = rows.map(({ at, ...event }) => ({ ...event, at: at.toISOString() }))
    return { events: events.toReversed(), member: name, isPrimary }
  }
  return {
    read: (query) =>
      inTurn(async () => {
        let failure: unknown
        for (const member of await locator.locate()) {
          try {
            return await readFrom(member, query)
          } catch (thrown) {
            failure = thrown
          }
        }
        throw new PlatformError('DATABASE_UNAVAILABLE', 'no member answers with archived events', {
          cause: failure,
        })
      }),
    close: () => locator.close(),
  }
}
