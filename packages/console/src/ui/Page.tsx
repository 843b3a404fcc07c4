/** The frame of an ordinary page: a title, what can be done, the content. Sets the tab's title. */
import { useEffect, type ReactNode } from 'react'
import classes from './Page.module.css'

interface PageProps {
  readonly title: string
  readonly actions?: ReactNode
  readonly isNarrow?: boolean
  readonly children: ReactNode
}

export const Page = ({ title, actions, isNarrow = false, children }: PageProps) => {
  useTitle(title)
  return (
    <div className={`${classes['page'] ?? ''} ${isNarrow ? (classes['narrow'] ?? '') : ''}`}>
      <div className={classes['top']}>
        <h1>{title}</h1>
        {actions}
      </div>
      {children}
    </div>
  )
}

export const useTitle = (title: string): void => {
  useEffect(() => {
    document.title = `${title} · NeuronDesktop`
  }, [title])
}
