/**
 * Events as text in etcd. What goes in may be anything that a caller found at hand; what comes out can always be
 * stored in PostgreSQL, so that no event ever stands in the way of those behind it. Pure.
 */
import { platformEvent, type PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import { msOfId } from './event-id.ts'

type Json = PlatformEvent['evidence'][string]

/** Bounds of one event, so that a page of them stays below the 4 MiB of an answer from etcd. */
const MAX_EVIDENCE_BYTES = 8 * 1024
const MAX_SUMMARY = 1000
const MAX_DEPTH = 8

/** PostgreSQL stores neither NUL nor half a surrogate pair. */
const plainText = (text: string): string => text.toWellFormed().replaceAll('\0', '\uFFFD')

const plainObject = (value: object, depth: number): Json => {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (value instanceof Error) return plainText(value.message)
  if (depth === 0) return '…'
  if (Array.isArray(value)) return value.map((item: unknown) => plainJson(item, depth - 1))
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, item]) => item !== undefined)
      .map(([name, item]) => [plainText(name), plainJson(item, depth - 1)]),
  )
}

/** Any value as JSON that PostgreSQL can store. */
const plainJson = (value: unknown, depth: number): Json => {
  switch (typeof value) {
    case 'string':
      return plainText(value)
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'boolean':
      return value
    case 'bigint':
      return value.toString()
    case 'object':
      return value === null ? null : plainObject(value, depth)
    default:
      return null
  }
}

const plainEvidence = (evidence: unknown): PlatformEvent['evidence'] => {
  const plain = plainJson(evidence, MAX_DEPTH)
  if (typeof plain !== 'object' || plain === null || Array.isArray(plain)) return {}
  const bytes = Buffer.byteLength(JSON.stringify(plain))
  return bytes <= MAX_EVIDENCE_BYTES ? plain : { omitted: `evidence of ${bytes} bytes` }
}

/** The event with nothing in it that could not be stored. */
export const toStorable = (event: PlatformEvent): PlatformEvent => ({
  id: event.id,
  at: event.at,
  source: plainText(event.source),
  actor: plainText(event.actor),
  kind: plainText(event.kind),
  severity: event.severity,
  summary: plainText(event.summary).slice(0, MAX_SUMMARY).toWellFormed(),
  target: event.target === null ? null : plainText(event.target),
  evidence: plainEvidence(event.evidence),
})

const parse = (text: string): PlatformEvent | undefined => {
  try {
    return platformEvent.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

const isStorableTime = (at: string): boolean => Date.parse(at) >= 0

/** The event of one key. What cannot be read is an event itself: it says so, and carries the text. */
export function decodeEvent(id: string, text: string): PlatformEvent {
  const event = parse(text)
  if (event !== undefined && isStorableTime(event.at)) return toStorable({ ...event, id })
  const ms = msOfId(id)
  return {
    id,
    at: new Date(Number.isSafeInteger(ms) && ms < 8e15 ? ms : 0).toISOString(),
    source: 'unknown',
    actor: 'unknown',
    kind: 'events.unreadable',
    severity: 'warning',
    summary: 'An event in etcd could not be read',
    target: null,
    evidence: { text: plainText(text).slice(0, MAX_SUMMARY).toWellFormed() },
  }
}
