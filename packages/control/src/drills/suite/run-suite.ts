/** Runs drills one after the other, and waits in between until the cluster is whole. A run of all is resumable. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { runStep } from '../../setup/progress.ts'
import type { DrillDeps, DrillOptions } from '../drill-deps.ts'
import type { SuiteEntry, SuitePlan } from './plan-suite.ts'
import {
  isCarriedThrough,
  loadSuite,
  resumeSuite,
  saveSuite,
  type SuiteRecord,
} from './suite-record.ts'

/** After a drill whose own bound has passed, and its clean-up. */
const WHOLE_TIMEOUT_MS = 180_000
const LOOK_EVERY_MS = 1000

export interface RunInOrderOptions {
  readonly deps: Pick<DrillDeps, 'observe' | 'progress'>
  readonly runOne: (name: string, options: DrillOptions) => Promise<DrillResult>
  readonly signal: AbortSignal
}

export interface RunSuiteOptions extends RunInOrderOptions {
  readonly deps: Pick<DrillDeps, 'observe' | 'progress' | 'commit'>
  /** Where the record of a suite is kept. */
  readonly drillsDir: string
  /** From the beginning, whatever was done before. */
  readonly fresh: boolean
}

/** Returns the results of the whole suite, those of an earlier part included. */
export async function runSuite(
  plan: SuitePlan,
  options: RunSuiteOptions,
): Promise<readonly DrillResult[]> {
  if (!plan.isAll) return runInOrder(plan.entries, options, () => Promise.resolve())

  const { deps, drillsDir } = options
  let record = resumeSuite(options.fresh ? undefined : await loadSuite(drillsDir), {
    commit: deps.commit,
    keys: plan.entries.map(({ key }) => key),
    startedAt: new Date().toISOString(),
  })
  const isDone = (key: string): boolean => record.done.some((done) => done.key === key)
  const left = plan.entries.filter(({ key }) => !isDone(key))
  sayWhere(deps, record, left)
  const keep = async (entry: SuiteEntry, result: DrillResult): Promise<void> => {
    if (!isCarriedThrough(result)) return
    record = { ...record, done: [...record.done, { key: entry.key, result }] }
    await saveSuite(drillsDir, record)
  }
  const earlier = record.done.map(({ result }) => result)
  return [...earlier, ...(await runInOrder(left, options, keep))]
}

function sayWhere(
  { progress }: RunSuiteOptions['deps'],
  { done, startedAt }: SuiteRecord,
  left: readonly SuiteEntry[],
): void {
  const total = done.length + left.length
  progress.say(
    done.length === 0
      ? `${total} drills, one after the other`
      : `going on with the ${total} drills of ${startedAt}: ${done.length} are done (--fresh begins anew)`,
  )
}

/** One after the other, each in a healthy cluster; ends early when the user, or a cluster that may not be touched, stops it. */
export async function runInOrder(
  entries: readonly SuiteEntry[],
  { deps, runOne, signal }: RunInOrderOptions,
  keep: (entry: SuiteEntry, result: DrillResult) => Promise<void>,
): Promise<readonly DrillResult[]> {
  const results: DrillResult[] = []
  for (const [index, entry] of entries.entries()) {
    if (index > 0) await waitUntilHealthy(deps, signal)
    if (entries.length > 1) deps.progress.say(`${index + 1} of ${entries.length}: ${entry.key}`)
    const result = await runOne(entry.name, entry.options)
    results.push(result)
    await keep(entry, result)
    if (!isCarriedThrough(result) && (signal.aborted || result.verdict === 'refused')) break
  }
  return results
}

const waitUntilHealthy = (
  { observe, progress }: RunInOrderOptions['deps'],
  signal: AbortSignal,
): Promise<void> =>
  runStep(progress, 'waiting until the cluster is healthy', async (step) => {
    const deadlineMs = performance.now() + WHOLE_TIMEOUT_MS
    for (;;) {
      const { health, reasons } = await observe()
      if (health === 'healthy') return
      step.note(reasons[0] ?? health)
      if (performance.now() > deadlineMs) {
        throw new PlatformError(
          'CLUSTER_DEGRADED',
          `the cluster is not healthy ${WHOLE_TIMEOUT_MS / 1000} s after the drill: ${reasons.join('; ')}`,
          { hint: 'Mend it; `drill run all` then goes on with the next drill.' },
        )
      }
      await sleep(LOOK_EVERY_MS, undefined, { signal })
    }
  })
