/**
 * One drill from preflight to report: load, warm-up, fault, whole again, load again, final read,
 * verdict, clean-up. Whatever happens on the way, the clean-up runs; if this process dies, the
 * finaliser's record tells the next drill what to mend.
 */
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { runStep } from '../setup/progress.ts'
import { emptyResult } from './build-result.ts'
import type { DrillDeps, DrillOptions } from './drill-deps.ts'
import { createDrill, noteLoad, type Drill } from './drill.ts'
import { cleanUp, mendInterrupted } from './leftovers.ts'
import type { RunningLoad } from './load-host.ts'
import { findRefusals } from './preflight.ts'
import { rehearse, silenceControllers, startLoad } from './rehearse.ts'
import { TooMuchLoad } from './steady.ts'
import type { Scenario } from './scenarios/scenario.ts'

/**
 * Rehearses one failure and returns what came of it; the result and its report are kept in the state folder.
 * A cluster that is not healthy, or in production and not confirmed, is refused: verdict `refused`.
 *
 * @throws PlatformError USAGE for options that are missing or do not fit.
 */
export async function runDrill(
  scenario: Scenario,
  options: DrillOptions,
  deps: DrillDeps,
): Promise<DrillResult> {
  const drill = createDrill(scenario, options, deps)
  await mendInterrupted(deps)

  const reasons = await findRefusals(
    deps.observe,
    deps.spec,
    {
      ...options,
      destroysCluster: scenario.destroysCluster === true,
      needsQuietBackups: scenario.group === 'backups',
      lacks: scenario.lacks?.(deps.spec) ?? null,
    },
    drill.signal,
  )
  if (reasons.length > 0) return emptyResult({ ...drill, verdict: 'refused', reasons })

  let tried = drill
  let outcome = await carryThrough(tried)
  while (outcome.isTooMuch && options.ratePerSecond === undefined && deps.rates.lower()) {
    const [much, less] = [tried.ratePerSecond, deps.rates.ratePerSecond]
    deps.progress.say(`${much} requests/s leave no room for a failure here; ${less}/s are tried`)
    tried = createDrill(scenario, options, deps)
    outcome = await carryThrough(tried)
  }
  return deps.records.keepResult(tried.startedAt, outcome.result)
}

interface Outcome {
  readonly result: DrillResult
  /** The load was more than the cluster carries, and was taken away again; nothing was broken. */
  readonly isTooMuch: boolean
}

async function carryThrough(drill: Drill): Promise<Outcome> {
  const { deps } = drill
  let load: RunningLoad | undefined
  let result: DrillResult
  let isTooMuch = false
  try {
    await noteLoad(drill)
    if (!drill.withController) await silenceControllers(drill)
    load = await startLoad(drill)
    result = await rehearse(drill, load)
  } catch (thrown) {
    isTooMuch = thrown instanceof TooMuchLoad
    result = abortedResult(drill, load?.ledger.lines ?? [], thrown)
  }
  try {
    await runStep(deps.progress, 'cleaning up', () => cleanUp(drill, load))
    return { result, isTooMuch }
  } catch (thrown) {
    const reasons = [...result.reasons, `the clean-up failed: ${toPlatformError(thrown).message}`]
    const verdict = result.verdict === 'pass' ? 'fail' : result.verdict
    return { result: { ...result, verdict, reasons }, isTooMuch: false }
  }
}

function abortedResult(drill: Drill, lines: readonly LedgerLine[], thrown: unknown): DrillResult {
  const error = toPlatformError(thrown)
  const reason = drill.signal.aborted ? 'stopped by the user' : error.message
  const verdict = error.code === 'REFUSED_FOR_SAFETY' ? 'refused' : 'aborted'
  return emptyResult({ ...drill, verdict, reasons: [reason], lines })
}
