/** Which events are shown; the choice is in the address. */
import { severity, type Severity } from '@neuronha/core/contracts/coordination.ts'
import { useNavigate } from '@tanstack/react-router'
import { paths } from '../paths.ts'
import classes from './EventFilter.module.css'
import type { EventsFilter } from './use-events.ts'

const SEVERITY_TITLES: Readonly<Record<Severity, string>> = {
  info: 'All',
  warning: 'Warnings and worse',
  critical: 'Critical',
}

interface EventFilterProps {
  readonly filter: EventsFilter
  /** What kinds begin with, as far as is known. */
  readonly areas: readonly string[]
}

export const EventFilter = ({ filter, areas }: EventFilterProps) => {
  const navigate = useNavigate()
  const choose = (change: EventsFilter): void =>
    void navigate({ ...paths.events({ ...filter, ...change }), replace: true })
  return (
    <div className={classes['filter']}>
      <div className={classes['group']} role="group" aria-label="How severe">
        {severity.options.map((value) => (
          <button
            key={value}
            type="button"
            aria-pressed={(filter.severity ?? 'info') === value}
            onClick={() => choose({ severity: value === 'info' ? undefined : value })}
          >
            {SEVERITY_TITLES[value]}
          </button>
        ))}
      </div>
      <div className={classes['areas']} role="group" aria-label="About what">
        {areas.map((area) => (
          <button
            key={area}
            type="button"
            aria-pressed={filter.kind === area}
            onClick={() => choose({ kind: filter.kind === area ? undefined : area })}
          >
            {area}
          </button>
        ))}
      </div>
    </div>
  )
}
