import { describe, expect, it } from 'vitest'
import { aMember, aStatus } from './testing.ts'
import { layoutTopology, type Placed } from './topology-layout.ts'

const placesOf = (cards: readonly Placed[]) => cards.map(({ id, x, y }) => ({ id, x, y }))

const overlap = (one: Placed, other: Placed): boolean =>
  one.x < other.x + other.width &&
  other.x < one.x + one.width &&
  one.y < other.y + other.height &&
  other.y < one.y + one.height

const card = (status: ReturnType<typeof aStatus>, id: string): Placed => {
  const found = layoutTopology(status).cards.find((placed) => placed.id === id)
  if (found === undefined) throw new Error(`no card ${id}`)
  return found
}

describe('the layout of the topology', () => {
  it('places the way of a request from left to right', () => {
    const lefts = ['edge', 'agent', 'pooler', 'router', 'm-1'].map((id) => card(aStatus(), id).x)
    expect(lefts).toEqual(lefts.toSorted((one, other) => one - other))
    expect(new Set(lefts).size).toBe(lefts.length)
  })

  it('moves nothing when the primary changes or is lost', () => {
    const before = placesOf(layoutTopology(aStatus('m-1')).cards)
    expect(placesOf(layoutTopology(aStatus('m-2')).cards)).toEqual(before)
    expect(placesOf(layoutTopology(aStatus(null)).cards)).toEqual(before)
  })

  it('lets no two cards overlap and stays inside its size', () => {
    const members = Array.from({ length: 7 }, (_, index) => aMember(`m-${index}`))
    const { cards, width, height } = layoutTopology(aStatus('m-1', { members }))
    for (const one of cards) {
      expect(cards.filter((other) => other !== one && overlap(one, other))).toEqual([])
      expect(one.x).toBeGreaterThanOrEqual(0)
      expect(one.y).toBeGreaterThanOrEqual(0)
      expect(one.x + one.width).toBeLessThanOrEqual(width)
      expect(one.y + one.height).toBeLessThanOrEqual(height)
    }
  })

  it('keeps members in their own order from top to bottom', () => {
    const tops = ['m-1', 'm-2', 'm-3'].map((id) => card(aStatus(), id).y)
    expect(tops).toEqual(tops.toSorted((one, other) => one - other))
  })
})

describe('the lines of the topology', () => {
  const kinds = (status: ReturnType<typeof aStatus>) =>
    layoutTopology(status).lines.map(({ from, to, kind }) => `${from} ${kind} ${to}`)

  it('lead writes to the primary, reads to standbys, and replication between members', () => {
    const lines = kinds(aStatus())
    expect(lines).toContain('router write m-1')
    expect(lines).toContain('router read m-2')
    expect(lines).toContain('m-1 async m-3')
    expect(lines).not.toContain('router read m-1')
  })

  it('draw no way of a write while there is no primary', () => {
    const { lines } = layoutTopology(aStatus(null))
    expect(lines.filter((line) => line.isWritePath || line.kind === 'write')).toEqual([])
    expect(kinds(aStatus(null))).toContain('pooler request router')
  })

  it('do not lead to a component of which nothing is alive', () => {
    const poolers = [{ name: 'c-pooler-1', healthy: false, detail: 'down', databases: [] }]
    const { lines } = layoutTopology(aStatus('m-1', { poolers }))
    expect(lines.filter(({ from, to }) => from === 'pooler' || to === 'pooler')).toEqual([])
  })
})
