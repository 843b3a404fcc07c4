/** One run of one drill, put together: everything that its steps share. */
import { randomBytes } from 'node:crypto'
import { loadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import type { DrillDeps, DrillOptions } from './drill-deps.ts'
import { HealBook } from './finaliser.ts'
import { runFolderOf } from './records-in-folder.ts'
import { boundsOf, type Bounds, type Scenario, type ScenarioContext } from './scenarios/scenario.ts'
import { KEEPS_UP, type SteadyTerms } from './steady.ts'
import { variantOf } from './variant.ts'

export interface Drill {
  readonly scenario: Scenario
  readonly bounds: Bounds
  /** Which form of the drill; may be empty. */
  readonly variant: string
  readonly options: DrillOptions
  readonly withController: boolean
  readonly deps: DrillDeps
  readonly context: ScenarioContext
  readonly run: string
  readonly startedAt: Date
  readonly workDir: string
  readonly ratePerSecond: number
  readonly terms: SteadyTerms
  readonly signal: AbortSignal
  readonly book: HealBook
}

/**
 * Puts a drill together; nothing is touched.
 *
 * @throws PlatformError USAGE for options that do not fit.
 */
export function createDrill(scenario: Scenario, options: DrillOptions, deps: DrillDeps): Drill {
  const run = `${scenario.name}-${randomBytes(4).toString('hex')}`
  const workDir = runFolderOf(deps.workRoot, run)
  const startedAt = new Date()
  const context: ScenarioContext = {
    spec: deps.spec,
    secrets: deps.secrets,
    options,
    run,
    runCommand: deps.runCommand,
    containers: deps.containers,
    workDir,
    copies: deps.copies,
  }
  const drill: Drill = {
    scenario,
    bounds: boundsOf(scenario, context),
    variant: variantOf(formOf(scenario, options)),
    options,
    withController: options.withController ?? true,
    deps,
    context,
    run,
    startedAt,
    workDir,
    ...rateOf(options, deps),
    signal: options.signal ?? new AbortController().signal,
    book: new HealBook(deps.records, {
      drill: scenario.name,
      run,
      startedAt: startedAt.toISOString(),
      workDir,
    }),
  }
  assertUsable(drill)
  return drill
}

const rateOf = (
  { ratePerSecond }: DrillOptions,
  { rates }: DrillDeps,
): Pick<Drill, 'ratePerSecond' | 'terms'> =>
  ratePerSecond === undefined
    ? { ratePerSecond: rates.ratePerSecond, terms: rates.terms }
    : { ratePerSecond, terms: KEEPS_UP }

/** Of the options those that make another drill of it. */
const formOf = ({ variants }: Scenario, { service, afterSeconds, seed }: DrillOptions) => ({
  ...(seed === undefined ? {} : { seed }),
  ...(variants === undefined || service === undefined ? {} : { service }),
  ...(variants === undefined || afterSeconds === undefined ? {} : { afterSeconds }),
})

/** The load generator goes first, whatever else there is to mend. */
export const noteLoad = ({ book, deps }: Drill): Promise<void> =>
  book.note('load', deps.load.leftovers)

/** Complains about options before anything is touched. */
function assertUsable({ scenario, context, ratePerSecond, withController }: Drill): void {
  scenario.load(context)
  const rate = loadgenConfig.shape.ratePerSecond.safeParse(ratePerSecond)
  if (!rate.success)
    throw new PlatformError('USAGE', `${ratePerSecond} requests per second: give 1 to 2000`)
  if (!withController && scenario.needsController === true) {
    throw new PlatformError('USAGE', `${scenario.name} is about the controllers`, {
      hint: 'Leave --without-controller out.',
    })
  }
}
