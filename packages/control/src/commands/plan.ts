/** `plan`: what `up` would do, and what it would cost. Changes nothing. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { Step } from '@neuronha/core/plan/plan-up.ts'
import { predictedTable } from '@neuronha/core/predict/format-prediction.ts'
import { predictAll } from '@neuronha/core/predict/predict-rto.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { loadClusterSource, type ClusterChoice, type CommandIo } from './context.ts'
import { wantedImages } from '../setup/images.ts'
import { assertSafeChange, completeCluster, imagesToBuild, prepareCluster } from './prepare.ts'

/** @throws PlatformError CHANGES_PENDING (exit 4) after printing the steps, when there are any. */
export async function plan(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const source = await loadClusterSource(io, choice)
  const machine = await observeMachine()
  const cluster = await completeCluster(source)
  const prepared = await prepareCluster(
    source,
    cluster,
    machine,
    await wantedImages(await imagesToBuild(source.spec)),
  )
  const steps = await planNow(prepared, machine.daemon.kind === 'running')
  const interruptsWritesMs = steps.reduce((sum, step) => sum + step.interruptsWritesMs, 0)
  io.out(
    io.json
      ? JSON.stringify(
          {
            cluster: source.spec.name,
            steps,
            interruptsWritesMs,
            predictedRto: predictAll(source.spec),
          },
          null,
          2,
        )
      : [
          formatPlan(source.spec.name, steps, interruptsWritesMs),
          '',
          'When something fails, writes would pause for about (predicted):',
          ...predictedTable(source.spec).map((line) => `  ${line}`),
        ].join('\n'),
  )
  if (steps.length > 0)
    throw new PlatformError('CHANGES_PENDING', `${steps.length} steps are pending`)
}

async function planNow(
  prepared: Awaited<ReturnType<typeof prepareCluster>>,
  engineAnswers: boolean,
): Promise<readonly Step[]> {
  if (engineAnswers) await assertSafeChange(prepared.cluster)
  return prepared.plan()
}

const MOST_TARGETS = 4

function formatPlan(cluster: string, steps: readonly Step[], interruptsWritesMs: number): string {
  if (steps.length === 0) return `Cluster ${cluster}: nothing to do.`
  const lines = steps.map(({ title, why, targets, interruptsWritesMs: stallMs }, index) => {
    const shown = targets.length > 1 ? `\n       ${describeTargets(targets)}` : ''
    const stall =
      stallMs > 0 ? `\n       writes pause for about ${(stallMs / 1000).toFixed(1)} s` : ''
    return `  ${String(index + 1).padStart(2)}. ${title}: ${why}${shown}${stall}`
  })
  const cost =
    interruptsWritesMs === 0
      ? 'No step interrupts writes.'
      : `Writes pause for about ${(interruptsWritesMs / 1000).toFixed(1)} s in all (predicted).`
  return [`Cluster ${cluster}: \`up\` would`, ...lines, '', cost].join('\n')
}

const describeTargets = (targets: readonly string[]): string =>
  targets.length > MOST_TARGETS
    ? `${targets.slice(0, MOST_TARGETS).join(', ')} and ${targets.length - MOST_TARGETS} more`
    : targets.join(', ')
