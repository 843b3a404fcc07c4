import { expect, test } from 'vitest'
import { isFenced, isTermUnbroken, nextTerm, proveTerm } from './leader-term.ts'
import { aContainer, aDeadContainer, aSnapshot, aTerm } from './testing.ts'

test('a running container that was inspected after the snapshot proves the leadership', () => {
  expect(proveTerm(aSnapshot(), aContainer())).toEqual(aTerm)
})

test('nothing else proves it', () => {
  expect(proveTerm(aSnapshot({ seenAt: 997 }), aContainer())).toBeUndefined()
  expect(proveTerm(aSnapshot(), aDeadContainer())).toBeUndefined()
  expect(proveTerm(aSnapshot(), aContainer({ restarting: true }))).toBeUndefined()
  expect(proveTerm(aSnapshot(), aContainer({ name: 'm2' }))).toBeUndefined()
  expect(proveTerm(aSnapshot(), undefined)).toBeUndefined()
  const otherLease = aSnapshot({ leader: { name: 'm1', modRevision: '100', lease: '8' } })
  expect(proveTerm(otherLease, aContainer())).toBeUndefined()
})

test('a term outlives its owner until another one is proven', () => {
  expect(nextTerm(aTerm, aSnapshot(), aDeadContainer())).toBe(aTerm)
  const promoted = aSnapshot({ leader: { name: 'm2', modRevision: '130', lease: '8' } })
  expect(nextTerm(aTerm, promoted, aDeadContainer())).toBe(aTerm)
  expect(nextTerm(aTerm, promoted, aContainer({ name: 'm2', id: 'c2' }))).toMatchObject({
    member: 'm2',
    leaderModRevision: '130',
  })
})

test('a leadership is unbroken while its owner, its revision and its lease are what they were', () => {
  const leader = { name: 'm1', modRevision: '100', lease: '7' }
  expect(isTermUnbroken(aTerm, aSnapshot({ leader }))).toBe(true)
  for (const change of [{ name: 'm2' }, { modRevision: '101' }, { lease: '8' }])
    expect(isTermUnbroken(aTerm, aSnapshot({ leader: { ...leader, ...change } }))).toBe(false)
  expect(isTermUnbroken(aTerm, aSnapshot({ leader: null }))).toBe(false)
})

test('only an end that is certain and final counts as fenced', () => {
  expect(isFenced(aDeadContainer(), 'c1')).toBe(true)
  expect(isFenced(undefined, 'c1')).toBe(false)
  expect(isFenced(aDeadContainer(), 'c2')).toBe(false)
  for (const contradiction of [
    { status: 'running' },
    { status: 'created' },
    { running: true },
    { restarting: true },
    { paused: true },
    { pid: 4711 },
  ])
    expect(isFenced(aDeadContainer(contradiction), 'c1')).toBe(false)
})
