import { describe, expect, it } from 'vitest'
import { aMember, aStatus } from '../drills/testing.ts'
import { planPendingRestart, planRestart, type RestartAct } from './plan-restart.ts'
import { reinitRefusals } from './reinit.ts'

const members = [
  aMember('m-1', 'standby'),
  aMember('m-2', 'primary'),
  aMember('m-3', 'sync standby'),
]
const words = (acts: readonly RestartAct[]): readonly string[] =>
  acts.map((act) => `${act.kind} ${act.kind === 'switchover' ? act.from : act.name}`)

describe('planRestart', () => {
  it('takes the standbys first, and the primary after another one took over', () => {
    const targets = members.map(({ name }) => ({ name, component: 'member' as const }))
    expect(words(planRestart(targets, { members }))).toEqual([
      'restart m-1',
      'restart m-3',
      'switchover m-2',
      'restart m-2',
    ])
  })

  it('goes from the bottom layer up', () => {
    const targets = [
      { name: 'edge-1', component: 'edge' as const },
      { name: 'router-1', component: 'router' as const },
      { name: 'm-1', component: 'member' as const },
      { name: 'etcd-1', component: 'etcd' as const },
    ]
    expect(words(planRestart(targets, { members }))).toEqual([
      'restart etcd-1',
      'restart m-1',
      'restart router-1',
      'restart edge-1',
    ])
  })

  it('has nobody to switch to when there is one member', () => {
    const [, primary] = members
    const targets = [{ name: 'm-2', component: 'member' as const }]
    const only = primary === undefined ? [] : [primary]
    expect(words(planRestart(targets, { members: only }))).toEqual(['restart m-2'])
  })
})

describe('planPendingRestart', () => {
  it('restarts PostgreSQL of those alone whose settings wait for it', () => {
    const waiting = members.map((member) => ({ ...member, pending_restart: member.name !== 'm-1' }))
    expect(words(planPendingRestart({ members: waiting }))).toEqual([
      'restart-postgres m-3',
      'switchover m-2',
      'restart-postgres m-2',
    ])
    expect(planPendingRestart({ members })).toEqual([])
  })
})

describe('reinitRefusals', () => {
  it('lets a standby be rebuilt while enough others stream', () => {
    expect(reinitRefusals(aStatus({ members }), 'm-1', 1)).toEqual([])
  })

  it('never throws the primary’s data away', () => {
    expect(reinitRefusals(aStatus({ members }), 'm-2', 1).join('')).toContain('is the primary')
  })

  it('keeps as many standbys as commits need', () => {
    expect(reinitRefusals(aStatus({ members }), 'm-1', 2).join('')).toContain('only 1 other')
  })

  it('needs a primary to copy from', () => {
    const stopped = members.map((member) =>
      member.role === 'primary' ? { ...member, state: 'stopped' } : member,
    )
    expect(reinitRefusals(aStatus({ members: stopped }), 'm-1', 1)).toEqual([
      'there is no primary to copy from',
    ])
  })
})
