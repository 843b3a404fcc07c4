/** A status as shape and colour; the word stands beside it or is read out. */
import {
  IconAlertTriangleFilled,
  IconCircleCheckFilled,
  IconCircleDashed,
  IconCircleXFilled,
} from '@tabler/icons-react'
import classes from './StatusMark.module.css'

export type MarkTone = 'good' | 'warn' | 'bad' | 'unknown'

const ICONS = {
  good: IconCircleCheckFilled,
  warn: IconAlertTriangleFilled,
  bad: IconCircleXFilled,
  unknown: IconCircleDashed,
} as const

interface StatusMarkProps {
  readonly tone: MarkTone
  /** Read out when no visible word says it. */
  readonly label?: string
  readonly size?: number
}

export const StatusMark = ({ tone, label, size = 16 }: StatusMarkProps) => {
  const Icon = ICONS[tone]
  return (
    <span className={classes['mark']} data-tone={tone}>
      <Icon size={size} aria-hidden="true" />
      {label === undefined ? null : <span className="visually-hidden">{label}</span>}
    </span>
  )
}
