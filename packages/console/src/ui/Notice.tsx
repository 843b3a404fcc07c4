/** A bar that says what is wrong, or worth knowing, and offers what to do about it. */
import type { ReactNode } from 'react'
import classes from './Notice.module.css'
import { StatusMark, type MarkTone } from './StatusMark.tsx'

interface NoticeProps {
  readonly tone: MarkTone
  readonly title: string
  readonly children?: ReactNode
  readonly actions?: ReactNode
  /** Announced as soon as it appears. */
  readonly isUrgent?: boolean
}

export const Notice = ({ tone, title, children, actions, isUrgent = false }: NoticeProps) => (
  <div className={classes['notice']} data-tone={tone} role={isUrgent ? 'alert' : 'status'}>
    <span className={classes['mark']}>
      <StatusMark tone={tone} size={18} />
    </span>
    <div className={classes['text']}>
      <strong>{title}</strong>
      {children === undefined ? null : <div className={classes['body']}>{children}</div>}
    </div>
    {actions === undefined ? null : <div className={classes['actions']}>{actions}</div>}
  </div>
)
