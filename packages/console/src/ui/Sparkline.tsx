/** The last minute of a number, as a small curve without axes. Unknown values are gaps. */
import classes from './Sparkline.module.css'

const WIDTH = 64
const HEIGHT = 18

interface SparklineProps {
  readonly values: readonly (number | null)[]
  /** The smallest full scale, so that noise near zero stays flat. */
  readonly floor: number
}

/** One path: `M` begins after a gap, `L` continues. */
export const sparklinePath = (values: readonly (number | null)[], floor: number): string => {
  const top = Math.max(floor, ...values.map((value) => value ?? 0))
  const step = WIDTH / Math.max(1, values.length - 1)
  return values
    .map((value, index) => {
      if (value === null) return ''
      const previous = index === 0 ? null : values[index - 1]
      const command = previous === null || previous === undefined ? 'M' : 'L'
      const y = HEIGHT - 1 - (value / top) * (HEIGHT - 2)
      return `${command}${(index * step).toFixed(1)} ${y.toFixed(1)}`
    })
    .join('')
}

export const Sparkline = ({ values, floor }: SparklineProps) => (
  <svg className={classes['sparkline']} width={WIDTH} height={HEIGHT} aria-hidden="true">
    <path d={sparklinePath(values, floor)} fill="none" />
  </svg>
)
