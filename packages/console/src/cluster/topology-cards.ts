/** The cards that the topology is drawn with: one per group of containers, one per member. Pure. */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import {
  GROUP_TITLES,
  partsOf,
  partsOfGroup,
  worstTone,
  type GroupName,
  type Part,
  type Tone,
} from './parts.ts'

export interface GroupCard {
  readonly kind: 'group'
  readonly id: string
  readonly group: GroupName
  readonly title: string
  readonly tone: Tone
  readonly parts: readonly Part[]
}

export interface MemberCard {
  readonly kind: 'member'
  readonly id: string
  readonly part: Part
  readonly member: MemberStatus
}

export type Card = GroupCard | MemberCard

export const SERVICES = ['console', 'desktop-api', 'agent', 'mcp'] as const
export const SQL_SERVICES = ['desktop-api', 'agent', 'mcp'] as const
/** Not on the way of a request. */
export const BESIDES = ['etcd', 'controller', 'engine-proxy', 'prometheus', 'alertmanager'] as const

const groupCard = (parts: readonly Part[], group: GroupName): GroupCard => {
  const own = partsOfGroup(parts, group)
  const tone = worstTone(own.map((part) => part.tone))
  return { kind: 'group', id: group, group, title: GROUP_TITLES[group], tone, parts: own }
}

/** The cards of a status: one per group, and one per member. Empty groups have none. */
export const cardsOf = (status: ClusterStatus): readonly Card[] => {
  const parts = partsOf(status)
  const groups = (['edge', ...SERVICES, 'pooler', 'router', ...BESIDES] as const)
    .map((group) => groupCard(parts, group))
    .filter((card) => card.parts.length > 0)
  const members = status.members.flatMap((member): readonly MemberCard[] => {
    const part = parts.find(({ group, name }) => group === 'member' && name === member.name)
    return part === undefined ? [] : [{ kind: 'member', id: member.name, part, member }]
  })
  return [...groups, ...members]
}
