/** The two cards of the topology, in the picture as in the stacked view. Every container is a button. */
import {
  IconArrowsSplit2,
  IconBell,
  IconChartLine,
  IconDatabase,
  IconDeviceDesktop,
  IconEye,
  IconKey,
  IconPlugConnected,
  IconRobot,
  IconShieldLock,
  IconStack2,
  IconWorld,
  IconApi,
} from '@tabler/icons-react'
import { formatBytes, formatCount, formatMs } from '../ui/format.ts'
import { StatusMark } from '../ui/StatusMark.tsx'
import type { GroupName } from './parts.ts'
import { RoleBadge } from './RoleBadge.tsx'
import type { Card, GroupCard, MemberCard } from './topology-cards.ts'
import classes from './TopologyCards.module.css'

const ICONS: Readonly<Record<GroupName, typeof IconWorld>> = {
  edge: IconWorld,
  console: IconDeviceDesktop,
  'desktop-api': IconApi,
  agent: IconRobot,
  mcp: IconPlugConnected,
  pooler: IconStack2,
  router: IconArrowsSplit2,
  member: IconDatabase,
  etcd: IconKey,
  controller: IconEye,
  'engine-proxy': IconShieldLock,
  prometheus: IconChartLine,
  alertmanager: IconBell,
}

interface CardProps<T extends Card> {
  readonly card: T
  readonly selected: string | null
  readonly onSelect: (name: string) => void
}

export const TopologyCard = ({ card, ...rest }: CardProps<Card>) =>
  card.kind === 'member' ? (
    <MemberCardView card={card} {...rest} />
  ) : (
    <GroupCardView card={card} {...rest} />
  )

const GroupCardView = ({ card, selected, onSelect }: CardProps<GroupCard>) => {
  const Icon = ICONS[card.group]
  const healthy = card.parts.filter((part) => part.tone !== 'bad').length
  return (
    <section className={classes['card']} data-tone={card.tone} aria-label={card.title}>
      <header className={classes['header']}>
        <Icon size={16} aria-hidden="true" />
        <h3>{card.title}</h3>
        <span className={classes['count']}>
          {healthy === card.parts.length ? `×${healthy}` : `${healthy} of ${card.parts.length}`}
        </span>
      </header>
      <ul>
        {card.parts.map((part) => (
          <li key={part.name}>
            <button
              type="button"
              className={classes['row']}
              data-selected={part.name === selected}
              title={part.detail === '' ? undefined : part.detail}
              onClick={() => onSelect(part.name)}
            >
              <StatusMark tone={part.tone} size={14} label={part.word} />
              <span className={classes['name']}>{part.shortName}</span>
              <span className={classes['note']}>
                {part.note === '' && part.tone === 'bad' ? part.word : part.note}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  )
}

const MemberCardView = ({ card, selected, onSelect }: CardProps<MemberCard>) => {
  const { member, part } = card
  return (
    <button
      type="button"
      className={classes['member']}
      data-role={member.role}
      data-tone={part.tone}
      data-selected={part.name === selected}
      onClick={() => onSelect(part.name)}
    >
      <span className={classes['memberTop']}>
        <strong>{part.shortName}</strong>
        <RoleBadge role={member.role} />
      </span>
      <span className={classes['memberState']}>
        <StatusMark tone={part.tone} size={14} />
        {member.state}
        {member.timeline === null ? null : (
          <span className={classes['note']}>TL {member.timeline}</span>
        )}
      </span>
      <span className={classes['memberNumbers']}>
        {member.role === 'primary' ? (
          <>{formatCount(member.connections)} connections</>
        ) : (
          <>
            lag {formatBytes(member.lag_bytes)}
            <span className={classes['dot']} aria-hidden="true">
              ·
            </span>
            {formatMs(member.lag_ms)}
          </>
        )}
      </span>
    </button>
  )
}
