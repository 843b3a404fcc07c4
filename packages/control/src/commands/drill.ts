/** `drill list`, `drill run` and `drill heal`: rehearse failures under load, and say what they cost. */
import { join } from 'node:path'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { DrillDeps, DrillOptions } from '../drills/drill-deps.ts'
import { drillFinished, drillStarted } from '../drills/drill-events.ts'
import { formatDrillResult, nameOf } from '../drills/format-result.ts'
import { formatSummary } from '../drills/history/format-summary.ts'
import { joinHistories } from '../drills/history/join-histories.ts'
import { loadHistory } from '../drills/history/load-history.ts'
import { summarise } from '../drills/history/summarise.ts'
import { formatScenarios, listScenarios } from '../drills/list-scenarios.ts'
import { mendInterrupted } from '../drills/leftovers.ts'
import { renderHistoryReport } from '../drills/report/history-html.ts'
import { runDrill } from '../drills/run-drill.ts'
import { findScenario } from '../drills/scenarios/scenarios.ts'
import { formatSchedule } from '../drills/soak/format-schedule.ts'
import { soak, soakSchedule } from '../drills/soak/soak.ts'
import { planSuite } from '../drills/suite/plan-suite.ts'
import { runSuite } from '../drills/suite/run-suite.ts'
import { writeAtomically } from '../state/state-folder.ts'
import {
  loadClusterSource,
  openCluster,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { openDrillDatabase, withDrillSession } from './drill-session.ts'

export async function drillList(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const { spec } = await loadClusterSource(io, choice)
  const rows = listScenarios(spec)
  io.out(io.json ? JSON.stringify(rows, null, 2) : formatScenarios(rows, { color: io.color }))
}

export interface DrillRunOptions extends ClusterChoice {
  readonly names: readonly string[]
  readonly options: Omit<DrillOptions, 'signal'>
  /** How often each drill is run. */
  readonly times: number
  /** Each drill with and without the controllers. */
  readonly compare: boolean
  /** `all`: from the beginning, whatever was done before. */
  readonly fresh: boolean
}

/** @throws PlatformError DRILL_FAILED (exit 1) or REFUSED_FOR_SAFETY (exit 3) after printing the results. */
export async function drillRun(io: CommandIo, choice: DrillRunOptions): Promise<void> {
  const { spec } = await openCluster(io, choice)
  const plan = planSuite({ ...choice, spec })
  const results = await withDrillSession(io, choice, async (deps) => {
    const show = (result: DrillResult): void => {
      if (!io.json) io.out(formatDrillResult(result, { color: io.color }))
    }
    const runOne = async (name: string, options: DrillOptions): Promise<DrillResult> => {
      deps.record(drillStarted('cli.drill', name))
      const result = await runDrill(findScenario(name), { ...options, signal: io.signal }, deps)
      deps.record(drillFinished('cli.drill', result))
      show(result)
      return result
    }
    return runSuite(plan, {
      deps,
      runOne,
      drillsDir: deps.workRoot,
      signal: io.signal,
      fresh: choice.fresh,
    })
  })
  if (io.json) io.out(JSON.stringify(results.length === 1 ? results[0] : results, null, 2))
  throwUnlessPassed(results)
}

export interface DrillSoakOptions extends ClusterChoice {
  readonly options: Omit<DrillOptions, 'signal'>
  /** Only print the schedule. */
  readonly plan: boolean
}

/** Random faults under load. @throws PlatformError DRILL_FAILED when anything was lost. */
export async function drillSoak(io: CommandIo, choice: DrillSoakOptions): Promise<void> {
  if (choice.plan) {
    const { spec } = await openCluster(io, choice)
    const entries = soakSchedule(spec, choice.options)
    io.out(io.json ? JSON.stringify(entries, null, 2) : formatSchedule(entries))
    return
  }
  const result = await withDrillSession(io, choice, async (deps) => {
    deps.record(drillStarted('cli.drill', 'soak'))
    const soaked = await runDrill(soak, { ...choice.options, signal: io.signal }, deps)
    deps.record(drillFinished('cli.drill', soaked))
    return soaked
  })
  io.out(io.json ? JSON.stringify(result, null, 2) : formatDrillResult(result, { color: io.color }))
  throwUnlessPassed([result])
}

/** Every run so far: medians, maxima, trend. Writes `report.html` beside the results. */
export async function drillReport(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const cluster = await openCluster(io, choice)
  const { spec, state } = cluster
  const { results: here, unreadable } = await loadHistory(state.drillsDir)
  for (const name of unreadable) io.progress.say(`! ${name} is of another version: left out`)
  const summary = summarise(spec.name, joinHistories(here, await controllersResults(io, cluster)))
  const file = join(state.drillsDir, 'report.html')
  await writeAtomically(file, renderHistoryReport(summary, new Date()), 0o644)
  if (io.json) io.out(JSON.stringify({ ...summary, reportFile: file }, null, 2))
  else io.out(`${formatSummary(summary, { color: io.color })}\n\nreport ${file}`)
}

/** Those that controllers ran are in the database alone. */
async function controllersResults(
  io: CommandIo,
  cluster: OpenCluster,
): Promise<readonly DrillResult[]> {
  const database = openDrillDatabase(cluster)
  try {
    return await database.results()
  } catch (thrown) {
    io.warn(`The controllers’ drills are left out: ${toPlatformError(thrown).message}`)
    return []
  } finally {
    await database.close()
  }
}

/** Mends what an interrupted drill left. */
export async function drillHeal(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const drill = await withDrillSession(io, choice, (deps: DrillDeps) => mendInterrupted(deps))
  if (io.json) io.out(JSON.stringify({ healed: drill ?? null }))
  else io.out(drill === undefined ? 'Nothing to heal.' : `Healed what ${drill} left.`)
}

export function throwUnlessPassed(results: readonly DrillResult[]): void {
  const refused = results.find(({ verdict }) => verdict === 'refused')
  if (refused)
    throw new PlatformError(
      'REFUSED_FOR_SAFETY',
      `drill ${nameOf(refused)} was refused: ${refused.reasons.join('; ')}`,
    )
  const bad = results.filter(({ verdict }) => verdict !== 'pass')
  if (bad.length === 0) return
  throw new PlatformError(
    'DRILL_FAILED',
    bad
      .map((result) => `drill ${nameOf(result)}: ${result.verdict}: ${result.reasons.join('; ')}`)
      .join('\n'),
  )
}
