/**
 * One drill from preflight to report: load, warm-up, fault, whole again, load again, final read,
 * verdict, clean-up. Whatever happens on the way, the clean-up runs; if this process dies, the
 * finaliser's record tells the next drill what to mend.
 */
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { loadgenConfig, type LedgerLine } from '@neuronha/core/config/loadgen.ts'
import type { DrillResult, TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { runStep } from '../setup/progress.ts'
import { buildResult, emptyResult, type Rehearsal } from './build-result.ts'
import type { DrillDeps, DrillOptions } from './drill-deps.ts'
import { heal, saveFinaliser, type HealStep } from './finaliser.ts'
import { cleanUp, mendInterrupted, sessionsOf } from './leftovers.ts'
import { loadgenName, startLoadgen, type RunningLoad } from './loadgen-container.ts'
import { refusalsOf } from './preflight.ts'
import { readBack } from './read-back.ts'
import { saveResult } from './save-result.ts'
import type { Fault, Scenario, ScenarioContext } from './scenarios/scenario.ts'
import { findScenario } from './scenarios/scenarios.ts'
import { showLoad } from './show-load.ts'
import { watchCluster, type ClusterWatch } from './watch-cluster.ts'

const READY_TIMEOUT_MS = 30_000
const WARM_UP_MS = 5000
const COOL_DOWN_MS = 5000
const DEFAULT_RATE = 50

interface Drill {
  readonly scenario: Scenario
  readonly options: DrillOptions
  readonly deps: DrillDeps
  readonly context: ScenarioContext
  readonly run: string
  readonly startedAt: Date
  readonly drillsDir: string
  readonly workDir: string
  readonly ratePerSecond: number
}

/**
 * Rehearses one failure and returns what came of it; the result and its report are kept in the state folder.
 * A cluster that is not healthy, or in production and not confirmed, is refused: verdict `refused`.
 *
 * @throws PlatformError USAGE for an unknown drill or missing options.
 */
export async function runDrill(
  name: string,
  options: DrillOptions,
  deps: DrillDeps,
): Promise<DrillResult> {
  const drill = createDrill(findScenario(name), options, deps)
  assertUsable(drill)
  await mendInterrupted(deps, drill.drillsDir)

  const before = await deps.observe()
  const reasons = refusalsOf(before, deps.spec, options)
  if (reasons.length > 0) return emptyResult({ ...drill, verdict: 'refused', reasons })

  const result = await rehearse(drill)
  return saveResult(drill.drillsDir, drill.startedAt, result)
}

/** Complains about options before anything is touched. */
function assertUsable({ scenario, context, ratePerSecond }: Drill): void {
  scenario.load(context)
  const rate = loadgenConfig.shape.ratePerSecond.safeParse(ratePerSecond)
  if (!rate.success)
    throw new PlatformError('USAGE', `${ratePerSecond} requests per second: give 1 to 2000`)
}

function createDrill(scenario: Scenario, options: DrillOptions, deps: DrillDeps): Drill {
  const drillsDir = join(deps.stateDir, 'drills')
  const run = `${scenario.name}-${randomBytes(4).toString('hex')}`
  return {
    scenario,
    options,
    deps,
    context: { spec: deps.spec, secrets: deps.secrets, options },
    run,
    startedAt: new Date(),
    drillsDir,
    workDir: join(drillsDir, `.run-${run}`),
    ratePerSecond: options.ratePerSecond ?? DEFAULT_RATE,
  }
}

async function rehearse(drill: Drill): Promise<DrillResult> {
  const { deps } = drill
  let load: RunningLoad | undefined
  let result: DrillResult
  try {
    await saveRecord(drill, [], [])
    load = await runStep(deps.progress, 'starting the load', () => startLoad(drill))
    await waitUntilReady(drill, load)
    const rehearsal = await breakAndWatch(drill, load)
    const found = await runStep(deps.progress, 'reading back what was acknowledged', () =>
      readBack(deps.observe, { run: drill.run, rehearsal }),
    )
    result = buildResult({ ...drill, rehearsal, found })
  } catch (thrown) {
    result = abortedResult(drill, load?.ledger.lines ?? [], thrown)
  }
  try {
    await runStep(deps.progress, 'cleaning up', () => cleanUp(drill, load))
    return result
  } catch (thrown) {
    const reasons = [...result.reasons, `the clean-up failed: ${toPlatformError(thrown).message}`]
    return { ...result, verdict: result.verdict === 'pass' ? 'fail' : result.verdict, reasons }
  }
}

async function startLoad(drill: Drill): Promise<RunningLoad> {
  const { deps, scenario, context } = drill
  await heal([{ kind: 'remove', container: loadgenName(deps.spec) }])
  const boundMs = scenario.bounds.wholeAgainMs
  return startLoadgen({
    spec: deps.spec,
    secrets: deps.secrets,
    image: deps.images.loadgen,
    run: drill.run,
    load: scenario.load(context),
    ratePerSecond: drill.ratePerSecond,
    // Enough even if nobody stops it.
    seconds: (READY_TIMEOUT_MS + WARM_UP_MS + boundMs + COOL_DOWN_MS) / 1000 + 30,
    workDir: drill.workDir,
  })
}

const waitUntilReady = (drill: Drill, load: RunningLoad): Promise<void> =>
  runStep(drill.deps.progress, 'waiting for the first acknowledgements', () =>
    load.untilReady(READY_TIMEOUT_MS, drill.options.signal),
  )

async function breakAndWatch(drill: Drill, load: RunningLoad): Promise<Rehearsal> {
  const { deps, options } = drill
  const watch = watchCluster({
    observe: deps.observeLightly ?? deps.observe,
    confirm: deps.observe,
    nowMs: load.nowMs,
    ...(options.signal === undefined ? {} : { signal: options.signal }),
  })
  const stopShowing = showLoad(deps.progress, load)
  try {
    await pause(WARM_UP_MS, options)
    const events: TimelineEvent[] = [
      { atMs: Math.round(load.nowMs()), what: 'warmed up', source: 'drill' },
    ]
    const fault = await drill.scenario.chooseFault(drill.context, await deps.observe())
    await saveRecord(drill, fault.heal, sessionsOf(load.ledger.lines))
    const rehearsal = await injectAndWait(drill, load, { watch, fault })
    await pause(COOL_DOWN_MS, options)
    await load.stop()
    return {
      ...rehearsal,
      lines: load.ledger.lines,
      timeline: [...events, ...rehearsal.timeline, ...watch.events],
    }
  } finally {
    stopShowing()
    await watch.stop()
  }
}

async function injectAndWait(
  drill: Drill,
  load: RunningLoad,
  { watch, fault }: { readonly watch: ClusterWatch; readonly fault: Fault },
): Promise<Omit<Rehearsal, 'lines'>> {
  const { deps, scenario } = drill
  deps.progress.say(`  ${fault.what}`)
  await fault.inject()
  const faultAtMs = Math.round(load.nowMs())
  const wholeAtMs = await watch.untilWhole({
    faultAtMs,
    withinMs: scenario.bounds.wholeAgainMs,
    hasReturned: fault.hasReturned,
  })
  await load.assertRunning()
  const wholeAgain: readonly TimelineEvent[] =
    wholeAtMs === null
      ? []
      : [{ atMs: wholeAtMs, what: 'everything is healthy again', source: 'drill' }]
  return {
    target: fault.target,
    faultAtMs,
    wholeAgainMs: wholeAtMs === null ? null : wholeAtMs - faultAtMs,
    timeline: [{ atMs: faultAtMs, what: fault.what, source: 'drill' }, ...wholeAgain],
  }
}

function abortedResult(drill: Drill, lines: readonly LedgerLine[], thrown: unknown): DrillResult {
  const error = toPlatformError(thrown)
  const isStopped = drill.options.signal?.aborted === true
  const reason = isStopped ? 'stopped by the user' : error.message
  const verdict = error.code === 'REFUSED_FOR_SAFETY' ? 'refused' : 'aborted'
  return emptyResult({ ...drill, verdict, reasons: [reason], lines })
}

/** The finaliser's record: first without a fault, then with the way back from it. */
const saveRecord = (
  drill: Drill,
  steps: readonly HealStep[],
  sessions: readonly string[],
): Promise<void> =>
  saveFinaliser(drill.drillsDir, {
    drill: drill.scenario.name,
    run: drill.run,
    startedAt: drill.startedAt.toISOString(),
    heal: [{ kind: 'remove', container: loadgenName(drill.deps.spec) }, ...steps],
    workDir: drill.workDir,
    sessions: [...sessions],
  })

const pause = (ms: number, { signal }: DrillOptions): Promise<void> =>
  sleep(ms, undefined, signal === undefined ? {} : { signal })
