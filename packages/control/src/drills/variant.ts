/** Which of its forms a drill is run in. Pure. */
import type { ScenarioOptions } from './scenarios/scenario.ts'

/** `agent`, `2 s`, `seed 7`, or empty: what tells this form of a drill from its others. */
export const variantOf = ({
  service,
  afterSeconds,
  seed,
}: Pick<ScenarioOptions, 'service' | 'afterSeconds' | 'seed'>): string =>
  [
    service,
    afterSeconds === undefined ? undefined : `${afterSeconds} s`,
    seed === undefined ? undefined : `seed ${seed}`,
  ]
    .filter((part) => part !== undefined)
    .join(' ')
