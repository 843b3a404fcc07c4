/** `drill list` and `drill run`: rehearse failures under load, and say what they cost. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { NewEvent } from '@neuronha/core/contracts/coordination.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { ServiceComponent } from '@neuronha/core/topology/containers.ts'
import { predictedCell } from '@neuronha/core/predict/format-prediction.ts'
import { formatDrillResult } from '../drills/format-result.ts'
import { runDrill } from '../drills/run-drill.ts'
import { expandDrills, SCENARIOS } from '../drills/scenarios/scenarios.ts'
import { duration } from '../observe/words.ts'
import { buildImages } from '../setup/images.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { lockCluster } from '../state/lock.ts'
import { openAudit } from './audit.ts'
import {
  createClusterObserver,
  loadClusterSource,
  openCluster,
  type ClusterChoice,
  type CommandIo,
} from './context.ts'

export async function drillList(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const { spec } = await loadClusterSource(io, choice)
  const rows = SCENARIOS.map(({ name, kind, does, blastRadius }) => ({
    name,
    kind,
    does,
    blastRadius,
    predicted: predictedCell(spec, name) ?? null,
  }))
  io.out(
    io.json
      ? JSON.stringify(rows, null, 2)
      : rows
          .map(
            ({ name, does, blastRadius, predicted }) =>
              `${name}\n  ${does}\n  Users may notice: ${blastRadius}\n  Writes would pause: ${predicted ?? 'not predicted'}`,
          )
          .join('\n\n'),
  )
}

export interface DrillRunOptions extends ClusterChoice {
  readonly names: readonly string[]
  readonly service: ServiceComponent | undefined
  readonly ratePerSecond: number | undefined
  readonly confirmedName: string | undefined
}

/** @throws PlatformError DRILL_FAILED (exit 1) or REFUSED_FOR_SAFETY (exit 3) after printing the results. */
export async function drillRun(io: CommandIo, options: DrillRunOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  const unlock = await lockCluster(cluster.spec.name, io.commandLine)
  const observer = createClusterObserver(cluster)
  // Asks Patroni and the services every other second only: a full look costs what the drill would then measure.
  const lightObserver = createClusterObserver(cluster, 2000)
  const audit = openAudit(io, cluster)
  const results: DrillResult[] = []
  try {
    await audit.sayMaintenance()
    const loadgen = await ensureLoadgenImage(io)
    const chosen = options.service === undefined ? {} : { service: options.service }
    for (const drill of expandDrills(options.names, chosen)) {
      audit.record({ kind: 'cli.drill.started', summary: `drill ${drill.name} begins` })
      const result = await runDrill(
        drill.name,
        {
          ...drill.options,
          ...(options.ratePerSecond === undefined ? {} : { ratePerSecond: options.ratePerSecond }),
          ...(options.confirmedName === undefined ? {} : { confirmedName: options.confirmedName }),
          signal: io.signal,
        },
        {
          spec: cluster.spec,
          secrets: cluster.secrets,
          stateDir: cluster.state.root,
          observe: () => observer.observe(),
          observeLightly: () => lightObserver.observe(),
          images: { loadgen },
          progress: io.progress,
        },
      )
      results.push(result)
      audit.record(drillEvent(result))
      if (!io.json) io.out(formatDrillResult(result, { color: io.color }))
    }
  } finally {
    await Promise.all([observer.close(), lightObserver.close(), audit.close()])
    await unlock()
  }
  if (io.json) io.out(JSON.stringify(results.length === 1 ? results[0] : results, null, 2))
  throwUnlessPassed(results)
}

const drillEvent = (result: DrillResult): NewEvent => {
  const { drill, verdict, reasons, rtoMs, lost, duplicated, clientErrors, acknowledged } = result
  const took = rtoMs === null ? '' : `, RTO ${duration(rtoMs)}`
  return {
    kind: 'cli.drill.finished',
    severity: verdict === 'pass' ? 'info' : 'warning',
    summary: `drill ${drill}: ${verdict}${took}${reasons[0] === undefined ? '' : `: ${reasons[0]}`}`,
    evidence: { rtoMs, acknowledged, lost, duplicated, clientErrors, reasons },
  }
}

function throwUnlessPassed(results: readonly DrillResult[]): void {
  const refused = results.find(({ verdict }) => verdict === 'refused')
  if (refused)
    throw new PlatformError(
      'REFUSED_FOR_SAFETY',
      `drill ${refused.drill} was refused: ${refused.reasons.join('; ')}`,
    )
  const bad = results.find(({ verdict }) => verdict !== 'pass')
  if (bad)
    throw new PlatformError(
      'DRILL_FAILED',
      `drill ${bad.drill}: ${bad.verdict}: ${bad.reasons.join('; ')}`,
    )
}

/** The load generator's image, built when this checkout is newer than what `up` built. */
async function ensureLoadgenImage(io: CommandIo): Promise<string> {
  const { mirror } = await observeMachine()
  const images = await buildImages({
    only: ['loadgen'],
    mirror,
    progress: io.progress,
    signal: io.signal,
  })
  return assertPresent(images.find(({ name }) => name === 'loadgen')?.ref, 'the image loadgen')
}
