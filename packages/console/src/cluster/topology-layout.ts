/**
 * Where every card of the topology stands and which lines join them. Pure. The layered part (edge →
 * services → poolers → routers → members) is dagre's; its input has the same lines whatever the roles
 * are, so that nothing moves when a primary fails: only colours and lines change. What stands beside
 * the path of a request (etcd, controllers, engine proxies, Prometheus) is a row beneath.
 */
import dagre from '@dagrejs/dagre'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { BESIDES, cardsOf, SERVICES, SQL_SERVICES, type Card } from './topology-cards.ts'

export type Placed<T extends Card = Card> = T & {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export type LineKind = 'request' | 'write' | 'read' | 'sync' | 'async'

export interface Line {
  readonly id: string
  readonly from: string
  readonly to: string
  readonly kind: LineKind
  /** Part of the way that a write takes at this moment. */
  readonly isWritePath: boolean
}

export interface TopologyLayout {
  readonly cards: readonly Placed[]
  readonly lines: readonly Line[]
  readonly width: number
  readonly height: number
}

const CARD = { header: 40, row: 28, padding: 8 } as const
const MEMBER = { width: 236, height: 92 } as const
const WIDTHS: Partial<Record<string, number>> = { edge: 152, pooler: 184, router: 204 }
const USUAL_WIDTH = 176
const GAP = { rank: 52, card: 16, besides: 28 } as const
/** Room at the right for the arcs of replication. */
const ARC_ROOM = 64

const sizeOf = (card: Card): { readonly width: number; readonly height: number } =>
  card.kind === 'member'
    ? MEMBER
    : {
        width: WIDTHS[card.id] ?? USUAL_WIDTH,
        height: CARD.header + card.parts.length * CARD.row + CARD.padding,
      }

const structure = (cards: readonly Card[]): readonly (readonly [string, string])[] => {
  const ids = new Set(cards.map((card) => card.id))
  const members = cards.filter((card) => card.kind === 'member')
  const pairs: (readonly [string, string])[] = [
    ...SERVICES.map((service) => ['edge', service] as const),
    ...SQL_SERVICES.map((service) => [service, 'pooler'] as const),
    ['pooler', 'router'],
    ...members.map((member) => ['router', member.id] as const),
  ]
  return pairs.filter(([from, to]) => ids.has(from) && ids.has(to))
}

const placePath = (cards: readonly Card[]): readonly Placed[] => {
  const graph = new dagre.graphlib.Graph()
  graph.setGraph({ rankdir: 'LR', ranksep: GAP.rank, nodesep: GAP.card })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const card of cards) graph.setNode(card.id, { ...sizeOf(card) })
  for (const [from, to] of structure(cards)) graph.setEdge(from, to)
  dagre.layout(graph)
  const centerOf = (card: Card): number => Math.round((graph.node(card.id) as { x: number }).x)
  const columns = Map.groupBy(cards, centerOf)
  const tallest = Math.max(0, ...[...columns.values()].map(heightOfColumn))
  return [...columns].flatMap(([center, column]) => placeColumn(column, center, tallest))
}

const heightOfColumn = (column: readonly Card[]): number =>
  column.reduce((sum, card) => sum + sizeOf(card).height + GAP.card, -GAP.card)

/** Dagre chooses the column; inside it the cards keep our order and stand around the middle. */
const placeColumn = (
  column: readonly Card[],
  center: number,
  tallest: number,
): readonly Placed[] => {
  let top = (tallest - heightOfColumn(column)) / 2
  return column.map((card) => {
    const size = sizeOf(card)
    const placed = { ...card, ...size, x: center - size.width / 2, y: top }
    top += size.height + GAP.card
    return placed
  })
}

const placeBesides = (cards: readonly Card[], top: number): readonly Placed[] => {
  let left = 0
  return cards.map((card) => {
    const size = sizeOf(card)
    const placed = { ...card, ...size, x: left, y: top }
    left += size.width + GAP.rank
    return placed
  })
}

const bottomOf = (cards: readonly Placed[]): number =>
  Math.max(0, ...cards.map((card) => card.y + card.height))

const rightOf = (cards: readonly Placed[]): number =>
  Math.max(0, ...cards.map((card) => card.x + card.width))

const isAlive = (cards: readonly Card[], id: string): boolean =>
  cards.some(
    (card) =>
      card.id === id && card.kind === 'group' && card.parts.some((part) => part.tone !== 'bad'),
  )

/** Which lines there are at this moment. */
export const linesOf = (status: ClusterStatus, cards: readonly Card[]): readonly Line[] => {
  const writeTargets = new Set(status.routers.map((router) => router.write_to))
  const readTargets = new Set(status.routers.flatMap((router) => router.read_from))
  const primary = status.members.find((member) => member.role === 'primary')
  const reachesPrimary =
    primary !== undefined &&
    writeTargets.has(primary.name) &&
    ['pooler', 'router'].every((id) => isAlive(cards, id))
  const line = (from: string, to: string, kind: LineKind): Line => ({
    id: `${from}>${to}:${kind}`,
    from,
    to,
    kind,
    isWritePath: kind === 'write' || (kind === 'request' && reachesPrimary && to !== 'console'),
  })
  return [
    ...structure(cards)
      .filter(([from, to]) => from !== 'router' && isAlive(cards, from) && isAlive(cards, to))
      .map(([from, to]) => line(from, to, 'request')),
    ...status.members.flatMap((member) => [
      ...(writeTargets.has(member.name) ? [line('router', member.name, 'write')] : []),
      ...(readTargets.has(member.name) && !writeTargets.has(member.name)
        ? [line('router', member.name, 'read')]
        : []),
    ]),
    ...(primary === undefined
      ? []
      : status.members
          .filter((member) => member.name !== primary.name && member.state === 'streaming')
          .map((member) =>
            line(primary.name, member.name, member.role === 'sync standby' ? 'sync' : 'async'),
          )),
  ]
}

const isBeside = (card: Card): boolean => BESIDES.some((group) => group === card.id)

export const layoutTopology = (status: ClusterStatus): TopologyLayout => {
  const cards = cardsOf(status)
  const path = placePath(cards.filter((card) => !isBeside(card)))
  const besides = placeBesides(cards.filter(isBeside), bottomOf(path) + GAP.besides)
  const placed = [...path, ...besides]
  return {
    cards: placed,
    lines: linesOf(status, cards),
    width: rightOf(placed) + ARC_ROOM,
    height: bottomOf(placed),
  }
}
