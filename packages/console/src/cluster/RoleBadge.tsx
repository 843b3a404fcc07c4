/** A member's role as a word with a shape. */
import type { MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { IconCopy, IconHelp, IconShieldCheck, IconStarFilled } from '@tabler/icons-react'
import classes from './RoleBadge.module.css'

type Role = MemberStatus['role']

const ICONS = {
  primary: IconStarFilled,
  'sync standby': IconShieldCheck,
  standby: IconCopy,
  unknown: IconHelp,
} as const

export const RoleBadge = ({ role }: { readonly role: Role }) => {
  const Icon = ICONS[role]
  return (
    <span className={classes['role']} data-role={role}>
      <Icon size={13} aria-hidden="true" />
      {role}
    </span>
  )
}
