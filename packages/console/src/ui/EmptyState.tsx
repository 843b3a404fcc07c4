import type { ReactNode } from 'react'
import classes from './EmptyState.module.css'

interface EmptyStateProps {
  readonly icon: ReactNode
  readonly title: string
  readonly children?: ReactNode
  readonly action?: ReactNode
  /** It is the whole page: its title is the page's. */
  readonly isPage?: boolean
}

export const EmptyState = ({ icon, title, children, action, isPage = false }: EmptyStateProps) => (
  <div className={classes['empty']}>
    <span className={classes['icon']} aria-hidden="true">
      {icon}
    </span>
    {isPage ? <h1>{title}</h1> : <h2>{title}</h2>}
    {children === undefined ? null : <p>{children}</p>}
    {action}
  </div>
)
