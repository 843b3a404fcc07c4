/** What is given up first where there is no room for all events: the least severe, and of those the oldest. Pure. */
import {
  severity,
  type PlatformEvent,
  type Severity,
} from '@neuronha/core/contracts/coordination.ts'

/** 0 is the least severe. */
export const rankOf = (value: Severity): number => severity.options.indexOf(value)

/** The `count` of these events, oldest first, that are given up; in their order. */
export function chooseToDrop<E extends Pick<PlatformEvent, 'severity'>>(
  oldestFirst: readonly E[],
  count: number,
): readonly E[] {
  if (count <= 0) return []
  const chosen = new Set(
    severity.options
      .flatMap((value) => oldestFirst.filter((event) => event.severity === value))
      .slice(0, count),
  )
  return oldestFirst.filter((event) => chosen.has(event))
}

/** `3 events dropped (2 cli.up, 1 cluster.health)`. */
export function describeDropped(kinds: Readonly<Record<string, number>>): string {
  const total = Object.values(kinds).reduce((sum, count) => sum + count, 0)
  const list = Object.entries(kinds).map(([kind, count]) => `${count} ${kind}`)
  return `${total} event${total === 1 ? '' : 's'} dropped (${list.join(', ')})`
}

export function countKinds(
  events: readonly Pick<PlatformEvent, 'kind'>[],
): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { kind } of events) counts[kind] = (counts[kind] ?? 0) + 1
  return counts
}

/** This severity and the worse ones. */
export const severitiesFrom = (least: Severity): readonly Severity[] =>
  severity.options.slice(rankOf(least))
