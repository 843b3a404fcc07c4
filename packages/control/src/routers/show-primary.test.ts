import { beforeEach, expect, it } from 'vitest'
import { aRecord } from '../failover/testing.ts'
import { ShowPrimary } from './show-primary.ts'

const LOGGER = { info: () => undefined, warn: () => undefined }
const leaderOf = (name: string, modRevision = '7') => ({ name, modRevision })

let told: string[]
let shown: string[]
let cutOff: string[]
let missed: readonly string[]
let isActive: boolean
let show: ShowPrimary

beforeEach(() => {
  told = []
  shown = []
  cutOff = []
  missed = []
  isActive = true
  const guide = {
    lead: (primary: string) => {
      told.push(primary)
      return Promise.resolve(missed)
    },
    cutOff: (member: string) => {
      cutOff.push(member)
      return Promise.resolve(missed)
    },
  }
  show = new ShowPrimary({
    guide,
    isActive: () => isActive,
    onShown: (member) => shown.push(member),
    logger: LOGGER,
  })
})

it('shows a leadership once, at the first write that was begun after it was seen', async () => {
  show.noteLeader(leaderOf('m2'), 1000)
  await show.noteWrite('m2', 1000)
  expect(told).toEqual([])
  await show.noteWrite('m2', 1050)
  await show.noteWrite('m2', 1500)
  expect(told).toEqual(['m2'])
})

it('shows nobody who writes without the leadership, and nobody who leads without writing', async () => {
  show.noteLeader(leaderOf('m2'), 1000)
  await show.noteWrite('m1', 1100)
  show.noteLeader(null, 1200)
  await show.noteWrite('m2', 1300)
  expect(told).toEqual([])
})

it('shows the same member again when it leads anew', async () => {
  show.noteLeader(leaderOf('m2', '7'), 1000)
  await show.noteWrite('m2', 1100)
  show.noteLeader(leaderOf('m2', '9'), 2000)
  await show.noteWrite('m2', 2100)
  expect(told).toEqual(['m2', 'm2'])
  expect(shown).toEqual(['m2', 'm2'])
})

it('tells a router again that did not answer, but not for ever', async () => {
  missed = ['router-1']
  show.noteLeader(leaderOf('m2'), 1000)
  for (const begunAt of [1100, 1600, 12_000, 12_500]) await show.noteWrite('m2', begunAt)
  expect(told).toHaveLength(3)
})

it('leaves it to the active controller', async () => {
  isActive = false
  show.noteLeader(leaderOf('m2'), 1000)
  await show.noteWrite('m2', 1100)
  expect(told).toEqual([])
})

it('cuts a member off once its end is certain, and not before', async () => {
  await show.noteFence(null)
  await show.noteFence(aRecord({ phase: 'intended' }))
  expect(cutOff).toEqual([])
  await show.noteFence(aRecord({ phase: 'confirmed' }))
  await show.noteFence(aRecord({ phase: 'revoked' }))
  await show.noteFence(aRecord({ phase: 'released' }))
  await show.noteFence(aRecord({ id: 'f2', phase: 'revoked' }))
  expect(cutOff).toEqual(['m1', 'm1'])
})

it('does not cut off a member that leads anew after its leadership was taken away', async () => {
  show.noteLeader(leaderOf('m1'), 1000)
  await show.noteFence(aRecord({ phase: 'revoked' }))
  expect(cutOff).toEqual([])
})

it('says nothing of a leadership that ended while the routers were told', async () => {
  show.noteLeader(leaderOf('m2'), 1000)
  const telling = show.noteWrite('m2', 1100)
  show.showAgain(1100)
  await telling
  expect(shown).toEqual([])
})

it('shows the same leadership again when it was asked to', async () => {
  show.noteLeader(leaderOf('m2'), 1000)
  await show.noteWrite('m2', 1100)
  show.showAgain(1500)
  await show.noteWrite('m2', 1450)
  await show.noteWrite('m2', 1600)
  await show.noteWrite('m2', 2100)
  expect(told).toEqual(['m2', 'm2'])
})
