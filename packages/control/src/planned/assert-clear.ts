/** Planned work of any kind begins only when nobody else is at the cluster. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { whoElseIsAtIt } from './decide-switchover.ts'
import type { PlannedDeps } from './ports.ts'
import { observeSwitchover, type SwitchoverFacts } from './switchover-facts.ts'

/** @throws PlatformError REFUSED_FOR_SAFETY with every reason, `more` included. */
export async function assertClear(
  deps: PlannedDeps,
  what: string,
  { force, more }: { force: boolean; more?: (facts: SwitchoverFacts) => readonly string[] },
): Promise<SwitchoverFacts> {
  const facts = await observeSwitchover(deps)
  const reasons = [...whoElseIsAtIt(facts, { actor: deps.actor, force }), ...(more?.(facts) ?? [])]
  if (reasons.length === 0) return facts
  const shown = reasons.length === 1 ? ` ${reasons[0] ?? ''}` : `\n  ${reasons.join('\n  ')}`
  throw new PlatformError('REFUSED_FOR_SAFETY', `no ${what} now:${shown}`, {
    hint: 'Nothing was touched.',
    details: { reasons },
  })
}
