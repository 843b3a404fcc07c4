/** A quiet grey shape where something is about to be. */
import classes from './Placeholder.module.css'

interface PlaceholderProps {
  readonly height: number
  readonly width?: number | string
}

export const Placeholder = ({ height, width = '100%' }: PlaceholderProps) => (
  <div className={classes['placeholder']} style={{ height, width }} aria-hidden="true" />
)
