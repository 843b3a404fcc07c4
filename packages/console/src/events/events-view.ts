/** The events that a page holds, as answers arrive one after the other. Pure. */
import type { PlatformEvent, Severity } from '@neuronha/core/contracts/coordination.ts'
import type { EventsPage } from '@neuronha/core/contracts/events.ts'
import type { Tone } from '../cluster/parts.ts'

export interface EventsView {
  /** Newest first, each once. */
  readonly items: readonly PlatformEvent[]
  readonly hasOlder: boolean
  /** Why some may be missing, as of the newest answer. */
  readonly incomplete: readonly string[]
}

const unite = (halves: readonly (readonly PlatformEvent[])[]): readonly PlatformEvent[] =>
  [...new Map(halves.flat().map((event) => [event.id, event])).values()].sort((one, other) =>
    one.id < other.id ? 1 : -1,
  )

const viewOf = (page: EventsPage): EventsView => ({
  items: unite([page.items]),
  hasOlder: page.has_older,
  incomplete: page.incomplete,
})

/** After another look at the newest. A look that does not reach back to what is shown begins anew: no silent gap. */
export const withNewest = (view: EventsView | undefined, page: EventsPage): EventsView => {
  const newestShown = view?.items[0]?.id
  const oldestCame = page.items[0]?.id
  if (view === undefined || newestShown === undefined) return viewOf(page)
  if (oldestCame !== undefined && oldestCame > newestShown && page.has_older) return viewOf(page)
  return { ...view, items: unite([view.items, page.items]), incomplete: page.incomplete }
}

/** After older ones were asked for. */
export const withOlder = (view: EventsView, page: EventsPage): EventsView => ({
  items: unite([view.items, page.items]),
  hasOlder: page.has_older,
  incomplete: page.incomplete,
})

export interface Day {
  /** Of the browser's calendar. */
  readonly title: string
  readonly items: readonly PlatformEvent[]
}

const dayOf = (at: string): string =>
  new Date(at).toLocaleDateString('en-GB', {
    weekday: 'long',
    day: 'numeric',
    month: 'long',
    year: 'numeric',
  })

/** Newest day first, newest event first. */
export const byDay = (items: readonly PlatformEvent[]): readonly Day[] => {
  const days = Map.groupBy(items, ({ at }) => dayOf(at))
  return [...days].map(([title, events]) => ({ title, items: events }))
}

/** `failover` of `failover.fenced`. */
export const areaOf = (kind: string): string => kind.split('.')[0] ?? kind

const TONES: Readonly<Record<Severity, Tone>> = {
  info: 'unknown',
  warning: 'warn',
  critical: 'bad',
}

/** Info is quiet, but for the news that all is well again. */
export const toneOf = ({ kind, severity }: PlatformEvent): Tone =>
  kind === 'cluster.health' && severity === 'info' ? 'good' : TONES[severity]

/** A value of the evidence: a line of text, or a block. */
export const evidenceText = (
  value: PlatformEvent['evidence'][string],
): { readonly text: string; readonly isBlock: boolean } => {
  if (typeof value === 'string') return { text: value, isBlock: value.includes('\n') }
  if (typeof value !== 'object' || value === null) return { text: String(value), isBlock: false }
  if (Array.isArray(value) && value.every((item) => typeof item === 'string'))
    return { text: value.length === 0 ? 'none' : value.join('\n'), isBlock: value.length > 1 }
  return { text: JSON.stringify(value, null, 2), isBlock: true }
}
