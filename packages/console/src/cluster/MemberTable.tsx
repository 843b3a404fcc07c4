/** The members with patronictl's columns. */
import type { MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { ReactNode } from 'react'
import { formatBytes, formatCount, formatMs, UNKNOWN } from '../ui/format.ts'
import { Sparkline } from '../ui/Sparkline.tsx'
import { StatusMark } from '../ui/StatusMark.tsx'
import type { ClusterView } from './history.ts'
import classes from './MemberTable.module.css'
import { memberTone } from './parts.ts'
import { RoleBadge } from './RoleBadge.tsx'

interface Column {
  readonly title: string
  readonly isNumber?: boolean
  /** Without it the column is always shown. */
  readonly isShown?: (view: ClusterView) => boolean
  readonly cell: (member: MemberStatus, view: ClusterView) => ReactNode
}

/** Lag curves share this full scale until a lag exceeds it. */
const LAG_FLOOR_MS = 1000

const isPrimary = ({ role }: MemberStatus): boolean => role === 'primary'

const hostOf = ({ address, host }: MemberStatus, view: ClusterView): ReactNode => {
  const domains = new Set(view.observation.status.members.map((member) => member.host))
  return (
    <>
      <span className="mono">{address}</span>
      {domains.size > 1 ? <span className={classes['domain']}> {host}</span> : null}
    </>
  )
}

const COLUMNS: readonly Column[] = [
  { title: 'Host', cell: hostOf },
  { title: 'Role', cell: (member) => <RoleBadge role={member.role} /> },
  {
    title: 'State',
    cell: (member) => (
      <span className={classes['state']}>
        <StatusMark tone={memberTone(member)} size={14} />
        {member.state}
      </span>
    ),
  },
  { title: 'TL', isNumber: true, cell: ({ timeline }) => formatCount(timeline) },
  {
    title: 'Lag, bytes',
    isNumber: true,
    cell: (member) => (isPrimary(member) ? '' : formatBytes(member.lag_bytes)),
  },
  {
    title: 'Lag, time',
    isNumber: true,
    cell: (member) => (isPrimary(member) ? '' : formatMs(member.lag_ms)),
  },
  {
    title: 'Last minute',
    cell: (member, { samples }) =>
      isPrimary(member) ? null : (
        <Sparkline
          floor={LAG_FLOOR_MS}
          values={samples.map(({ lagMs }) => lagMs[member.name] ?? null)}
        />
      ),
  },
  { title: 'LSN', cell: ({ lsn }) => <span className="mono">{lsn ?? UNKNOWN}</span> },
  { title: 'Connections', isNumber: true, cell: ({ connections }) => formatCount(connections) },
  {
    title: 'Pending restart',
    // As patronictl does.
    isShown: ({ observation }) =>
      observation.status.members.some((member) => member.pending_restart),
    cell: ({ pending_restart: pending }) =>
      pending ? (
        <span className={classes['state']}>
          <StatusMark tone="warn" size={14} />
          yes
        </span>
      ) : (
        <span className={classes['quiet']}>no</span>
      ),
  },
]

interface MemberTableProps {
  readonly view: ClusterView
  readonly selected: string | null
  readonly onSelect: (name: string) => void
}

export const MemberTable = ({ view, selected, onSelect }: MemberTableProps) => {
  const columns = COLUMNS.filter(({ isShown }) => isShown?.(view) ?? true)
  return (
    <section aria-labelledby="members-title" className={classes['section']}>
      <h2 id="members-title">Members</h2>
      {/* Focusable, so that the keyboard can scroll it on a narrow screen. */}
      <div
        className={classes['scroll']}
        tabIndex={0}
        role="region"
        aria-label="Members, scrollable"
      >
        <table className={classes['table']}>
          <thead>
            <tr>
              <th scope="col">Member</th>
              {columns.map(({ title, isNumber }) => (
                <th key={title} scope="col" data-number={isNumber}>
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {view.observation.status.members.map((member) => (
              <tr key={member.name} data-selected={member.name === selected}>
                <th scope="row">
                  <button type="button" onClick={() => onSelect(member.name)}>
                    {member.name}
                  </button>
                </th>
                {columns.map(({ title, isNumber, cell }) => (
                  <td key={title} data-number={isNumber}>
                    {cell(member, view)}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  )
}
