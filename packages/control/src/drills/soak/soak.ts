/**
 * soak: faults of many kinds, in random order and overlapping, within what the cluster is built to survive. The
 * schedule says when; before each fault a look says whether the cluster has got over the ones before. What is not
 * safe yet waits a little, and is left out after that.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { servingContainers } from '@neuronha/core/topology/containers.ts'
import { isServing } from '../../apply/wait.ts'
import { agentLoad, serving } from '../scenarios/parts.ts'
import type { Act, Check, Scenario, ScenarioOptions, Stage } from '../scenarios/scenario.ts'
import { actOf, SOAK_FAULTS } from './faults.ts'
import { limitsOf, mayBreak, SOAKED, type Soaked } from './limits.ts'
import { scheduleOf, type SoakEntry } from './schedule.ts'

export const DEFAULT_SOAK_MINUTES = 20
export const DEFAULT_SOAK_SEED = 1
const WAIT_FOR_SAFETY_MS = 60_000
const LOOK_EVERY_MS = 1000
/** After the last fault's heal. */
const RECOVERY_MS = 240_000

export const soakSchedule = (
  spec: ClusterSpec,
  { seed = DEFAULT_SOAK_SEED, minutes = DEFAULT_SOAK_MINUTES }: ScenarioOptions,
): readonly SoakEntry[] => scheduleOf({ spec, seed, minutes })

export const soak: Scenario = {
  name: 'soak',
  group: 'control',
  kind: 'failover',
  mayShowErrors: true,
  does: 'makes random faults that overlap, within what the cluster is built to survive; nothing is lost',
  blastRadius: 'as all the other drills together: writes wait again and again',
  bounds: ({ options: { minutes = DEFAULT_SOAK_MINUTES } }) => ({
    rtoMs: 120_000,
    wholeAgainMs: minutes * 60_000 + RECOVERY_MS + WAIT_FOR_SAFETY_MS,
  }),
  load: agentLoad,
  plan: ({ spec, options }) => {
    const entries = soakSchedule(spec, options)
    const tally: Tally = { made: 0, leftOut: [] }
    return Promise.resolve({
      target: 'everything',
      what: `${entries.length} faults of seed ${options.seed ?? DEFAULT_SOAK_SEED}`,
      heal: [],
      inject: (stage) => runSchedule(entries, { stage, spec, tally }),
      keepMs: 0,
      hasReturned: serving(servingContainers(spec).map(({ name }) => name)),
      checks: [mostWereMade(entries.length, tally)],
    })
  },
}

/** What came of the faults, as they are made. */
export interface Tally {
  made: number
  readonly leftOut: string[]
}

/** A soak that left out most of its faults proves little. Judged when all of them are over. */
export const mostWereMade = (planned: number, tally: Tally): Check => ({
  what: `at least half of the ${planned} faults could be made`,
  judge: () =>
    tally.made * 2 >= planned
      ? null
      : `${tally.made} were; left out: ${tally.leftOut.join(', ') || 'none'}`,
})

interface Soaking {
  readonly stage: Stage
  readonly spec: ClusterSpec
  readonly tally: Tally
}

async function runSchedule(entries: readonly SoakEntry[], soaking: Soaking): Promise<void> {
  const { stage } = soaking
  const beganMs = stage.nowMs()
  /** Components of the faults that are open now. */
  const open = new Map<number, Soaked>()
  const running: Promise<void>[] = []
  try {
    for (const entry of entries) {
      await stage.sleep(Math.max(0, beganMs + entry.atMs - stage.nowMs()))
      const act = await waitUntilSafe(entry, soaking, open)
      if (act === undefined) continue
      open.set(entry.number, entry.component)
      running.push(makeOne(entry, act, soaking).finally(() => open.delete(entry.number)))
    }
  } finally {
    await Promise.allSettled(running)
  }
  stage.signal.throwIfAborted()
}

async function makeOne(entry: SoakEntry, act: Act, { stage, tally }: Soaking): Promise<void> {
  try {
    await stage.act(`fault ${entry.number}`, act)
    tally.made += 1
  } catch (thrown) {
    // A target that the controllers just took in hand cannot be broken in that way: no finding.
    const { message } = toPlatformError(thrown)
    tally.leftOut.push(entry.fault)
    stage.note(`fault ${entry.number} (${entry.fault}) did not come about: ${message}`)
  }
}

async function waitUntilSafe(
  entry: SoakEntry,
  { stage, spec, tally }: Soaking,
  open: ReadonlyMap<number, Soaked>,
): Promise<Act | undefined> {
  const fault = SOAK_FAULTS.find(({ name }) => name === entry.fault)
  if (fault === undefined) throw new PlatformError('INTERNAL', `no fault ${entry.fault}`)
  const untilMs = stage.nowMs() + WAIT_FOR_SAFETY_MS
  while (stage.nowMs() < untilMs) {
    const status = await stage.observe()
    if (isSafeNow(entry.component, { status, spec, open: [...open.values()] })) {
      return actOf(fault, entry, { spec, status })
    }
    await stage.sleep(LOOK_EVERY_MS)
  }
  tally.leftOut.push(entry.fault)
  stage.note(`fault ${entry.number} (${entry.fault}) is left out: not safe within a minute`)
  return undefined
}

/** Counts what is broken, by us or otherwise, each container once. */
export function isSafeNow(
  next: Soaked,
  now: {
    readonly status: ClusterStatus
    readonly spec: ClusterSpec
    readonly open: readonly Soaked[]
  },
): boolean {
  const { status, spec, open } = now
  const broken = SOAKED.flatMap((component) => {
    const away = awayOf(spec, status, component)
    const ours = open.filter((each) => each === component).length
    return Array.from({ length: Math.max(away, ours) }, () => component)
  })
  if (!mayBreak(broken, next, limitsOf(spec))) return false
  // The next member may go only when the ones that are left could replace it.
  return next !== 'member' || canReplacePrimary(status)
}

const awayOf = (spec: ClusterSpec, status: ClusterStatus, component: Soaked): number =>
  servingContainers(spec).filter(
    (container) => container.component === component && !isServing(status, container.name),
  ).length

/** All stream on one timeline, and commits wait for named standbys. */
function canReplacePrimary(status: ClusterStatus): boolean {
  const timelines = new Set(status.members.map(({ timeline }) => timeline))
  const names = status.synchronous_standby_names ?? ''
  return (
    timelines.size === 1 &&
    (!status.synchronous || (names !== '' && names !== '*')) &&
    !status.failsafe_active
  )
}
