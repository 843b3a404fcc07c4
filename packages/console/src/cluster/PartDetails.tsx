/** Everything that is known about one container; its address is `?part=name`. */
import { Drawer } from '@mantine/core'
import classes from './PartDetails.module.css'
import { GROUP_TITLES, type Part } from './parts.ts'
import { StatusMark } from '../ui/StatusMark.tsx'

interface PartDetailsProps {
  /** Null: closed. */
  readonly name: string | null
  /** Null: there is nothing of that name. */
  readonly part: Part | null
  readonly isStale: boolean
  readonly onClose: () => void
}

export const PartDetails = ({ name, part, isStale, onClose }: PartDetailsProps) => (
  <Drawer
    opened={name !== null}
    onClose={onClose}
    position="right"
    size={380}
    title={part?.name ?? name ?? ''}
    overlayProps={{ backgroundOpacity: 0.18 }}
    closeButtonProps={{ 'aria-label': 'Close the details' }}
    classNames={{ title: classes['title'] ?? '' }}
  >
    {part === null ? (
      <p className={classes['missing']}>No container of this name was observed.</p>
    ) : (
      <PartFacts part={part} isStale={isStale} />
    )}
  </Drawer>
)

const PartFacts = ({ part, isStale }: { readonly part: Part; readonly isStale: boolean }) => (
  <div className={classes['body']}>
    <p className={classes['state']}>
      <StatusMark tone={part.tone} size={18} />
      <strong>{part.word}</strong>
      <span>{GROUP_TITLES[part.group]}</span>
    </p>
    {isStale ? <p className={classes['missing']}>Last known, not the present state.</p> : null}
    {part.detail === '' ? null : <p>{part.detail}</p>}
    <dl className={classes['facts']}>
      {part.facts.map(({ label, value }) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  </div>
)
