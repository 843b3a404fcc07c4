/** What people write after `--to`, and whether it can be reached. Pure. */
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'

const LSN = /^[0-9a-f]{1,8}\/[0-9a-f]{1,8}$/i
/** Date, time with or without seconds, zone; all but the zone as ISO 8601 has it, with a space where that has a T. */
const TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d(?:\.\d{1,6})?)?\s*(Z|UTC|[+-]\d\d(?::?\d\d)?)?$/i
/** Begins as a time does: to take it for a name would say something else than was meant. */
const LIKE_TIME = /^\d{1,4}[-/.:]\d/
/** As PostgreSQL takes them. */
const NAME = /^[\w.:-]{1,63}$/

const HINT =
  'Write latest, a time such as "2026-11-29 10:15:00" (UTC, unless it ends with a zone), a WAL position such as 0/5000060, or the name of a restore point.'

/** @throws PlatformError USAGE for what is none of them. */
export function parseTarget(text: string): RestoreTarget {
  const word = text.trim()
  if (word === 'latest') return { kind: 'latest' }
  if (LSN.test(word)) return { kind: 'lsn', lsn: word.toUpperCase() }
  const time = timeOf(word)
  if (time !== undefined) return { kind: 'time', time }
  if (!LIKE_TIME.test(word) && NAME.test(word)) return { kind: 'name', name: word }
  throw new PlatformError('USAGE', `--to: ${text} is no moment that can be restored`, {
    hint: HINT,
  })
}

function timeOf(text: string): string | undefined {
  const found = TIME.exec(text)
  if (found === null) return undefined
  const [, date = '', minutes = '', seconds = ':00', zone = 'Z'] = found
  const offset = /^(?:z|utc)$/i.test(zone) ? 'Z' : zoneWithMinutes(zone)
  const ms = Date.parse(`${date}T${minutes}${seconds}${offset}`)
  // The 30th of February is read as the 1st of March.
  const midnight = new Date(`${date}T00:00:00Z`)
  const isReal = !Number.isNaN(midnight.getTime()) && midnight.toISOString().startsWith(date)
  return Number.isNaN(ms) || !isReal ? undefined : new Date(ms).toISOString()
}

const zoneWithMinutes = (zone: string): string =>
  zone.length === 3
    ? `${zone}:00`
    : zone.includes(':')
      ? zone
      : `${zone.slice(0, 3)}:${zone.slice(3)}`

export interface Window {
  readonly from: string
  /** null: not known; what lies after it shows only when it is replayed. */
  readonly to: string | null
}

const utc = (time: string): string => time.replace('T', ' ').replace(/\.\d+Z|Z/, ' UTC')

/**
 * Positions and names carry no time: whether they can be reached shows when WAL is replayed.
 *
 * @throws PlatformError BAD_REQUEST with the nearest moment that can be restored.
 */
export function assertReachable(target: RestoreTarget, window: Window | null): void {
  if (window === null)
    throw new PlatformError('BAD_REQUEST', 'no moment can be restored yet', {
      hint: '`./neuronha backup list` says why.',
    })
  if (target.kind !== 'time') return
  const { from, to } = window
  const outside = (where: string, nearest: string): PlatformError =>
    new PlatformError('BAD_REQUEST', `${utc(target.time)} lies ${where}`, {
      hint: `The nearest moment that can be restored is ${utc(nearest)}${to === null ? '' : `; any from ${utc(from)} to ${utc(to)} can`}.`,
    })
  if (target.time < from) throw outside('before the oldest backup', from)
  if (to !== null && target.time > to) throw outside('after what is archived', to)
}
