/** The middle of a drill: load, warm-up, act, whole again, load again, and what was seen of it all. */
import { setTimeout as sleep } from 'node:timers/promises'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import type { DrillCheck, TimelineEvent } from '@neuronha/core/contracts/drill-result.ts'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { runStep } from '../setup/progress.ts'
import { actOut } from './act-out.ts'
import { buildResult, type Rehearsal } from './build-result.ts'
import { BusyMeter } from './busy-meter.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { Drill } from './drill.ts'
import { incarnationsOf } from './incarnations.ts'
import { sessionsOf } from './leftovers.ts'
import type { RunningLoad } from './load-host.ts'
import { readBack } from './read-back.ts'
import { startSteps } from './scenarios/parts.ts'
import type { Act, Evidence } from './scenarios/scenario.ts'
import { showLoad } from './show-load.ts'
import { KEEPS_UP, steadinessOf, TooMuchLoad } from './steady.ts'
import { observeWithPrimary } from './wait-for-primary.ts'
import { watchCluster, type ClusterWatch } from './watch-cluster.ts'

const READY_TIMEOUT_MS = 30_000
const WARM_UP_MS = 5000
const COOL_DOWN_MS = 5000
const LOOK_EVERY_MS = 250
/** Before the load may end by itself: what is not bounded by the scenario, and a margin. */
const SPARE_MS = READY_TIMEOUT_MS + KEEPS_UP.withinMs + COOL_DOWN_MS + 60_000

/** Both controllers stop for the run; the finaliser starts them again. */
export async function silenceControllers(drill: Drill): Promise<void> {
  const names = containersOf(drill.deps.spec, 'controller').map(({ name }) => name)
  await drill.book.note('without controllers', startSteps(names))
  await runStep(drill.deps.progress, 'stopping the controllers', () =>
    drill.deps.containers.stop(names, 10),
  )
}

export async function startLoad(drill: Drill): Promise<RunningLoad> {
  const { deps, scenario, context, options, bounds } = drill
  const load = scenario.load(context)
  return runStep(deps.progress, 'starting the load', () =>
    deps.load.start({
      run: drill.run,
      load: options.path === undefined ? load : { ...load, paths: options.path },
      ratePerSecond: drill.ratePerSecond,
      // Enough even if nobody stops it.
      seconds: Math.ceil((bounds.wholeAgainMs + SPARE_MS) / 1000 + (options.seconds ?? 0)),
      workDir: drill.workDir,
    }),
  )
}

export async function rehearse(drill: Drill, load: RunningLoad): Promise<DrillResult> {
  const { deps, signal } = drill
  await runStep(deps.progress, 'waiting for the first acknowledgements', () =>
    load.untilReady(READY_TIMEOUT_MS, signal),
  )
  await drill.book.setSessions(sessionsOf(load.ledger.lines))
  const watch = watchCluster({
    observe: deps.observeLightly ?? deps.observe,
    confirm: deps.observe,
    nowMs: load.nowMs,
    withController: drill.withController,
    signal,
  })
  const stopShowing = showLoad(deps.progress, load)
  let seen: Seen
  try {
    seen = await breakAndWatch(drill, load, watch)
  } finally {
    stopShowing()
    await watch.stop()
  }
  return runStep(deps.progress, 'reading back what was acknowledged', () =>
    judge(drill, load, seen),
  )
}

/** What `breakAndWatch` saw. */
interface Seen {
  readonly steadyAtMs: number
  readonly act: Act
  readonly rehearsal: Omit<Rehearsal, 'lines'>
  readonly evidence: Omit<Evidence, 'lines' | 'events'>
}

async function breakAndWatch(drill: Drill, load: RunningLoad, watch: ClusterWatch): Promise<Seen> {
  const { deps, scenario, context, bounds, signal } = drill
  await untilSteady(drill, load)
  const warm: TimelineEvent = {
    atMs: Math.round(load.nowMs()),
    what: 'warmed up',
    source: 'drill',
  }
  const { status: before } = await observeWithPrimary(deps.observe, signal)
  const incarnations = await incarnationsOf(deps.containers, deps.spec)
  const act = await scenario.plan(context, before)
  const acted = await actOut(act, {
    id: scenario.name,
    deps,
    book: drill.book,
    nowMs: load.nowMs,
    ledger: async () => {
      await load.ledger.readNew()
      return load.ledger.lines
    },
    signal,
  })
  const { faultAtMs, healedAtMs } = acted
  const wholeAtMs = await watch.untilWhole({
    sinceMs: healedAtMs ?? faultAtMs,
    withinMs: Math.max(30_000, bounds.wholeAgainMs - (load.nowMs() - faultAtMs)),
    hasReturned: act.hasReturned,
  })
  await load.assertRunning()
  const wholeAgain: readonly TimelineEvent[] =
    wholeAtMs === null
      ? []
      : [{ atMs: wholeAtMs, what: 'everything is healthy again', source: 'drill' }]
  await pause(coolDownMs(drill, load), signal)
  const after = await deps.observe()
  await load.stop()
  return {
    act,
    steadyAtMs: warm.atMs,
    rehearsal: {
      target: act.target,
      faultAtMs,
      healedAtMs,
      unpromised: act.unpromised?.(),
      wholeAgainMs: wholeAtMs === null ? null : wholeAtMs - faultAtMs,
      timeline: [warm, ...acted.timeline, ...wholeAgain, ...watch.events],
    },
    evidence: {
      target: act.target,
      faultAtMs,
      healedAtMs,
      sights: watch.sights,
      before,
      after,
      incarnations: {
        before: incarnations,
        after: await incarnationsOf(deps.containers, deps.spec),
      },
    },
  }
}

/** @throws TooMuchLoad when the cluster does not keep up with the load as it is. */
async function untilSteady(
  { ratePerSecond, terms, signal }: Drill,
  load: RunningLoad,
): Promise<void> {
  const deadlineMs = performance.now() + terms.withinMs
  const meter = new BusyMeter()
  await pause(WARM_UP_MS, signal)
  for (;;) {
    await load.ledger.readNew()
    const steadiness = steadinessOf(load.ledger.lines, ratePerSecond, terms)
    const busy = meter.share() ?? 1
    if (steadiness.isSteady && busy <= terms.busy) return
    if (performance.now() > deadlineMs)
      throw new TooMuchLoad(ratePerSecond, steadiness.inFlight, terms.withinMs)
    await pause(LOOK_EVERY_MS, signal)
  }
}

const coolDownMs = ({ options }: Drill, load: RunningLoad): number =>
  Math.max(COOL_DOWN_MS, (options.seconds ?? 0) * 1000 - load.nowMs())

async function judge(drill: Drill, load: RunningLoad, seen: Seen): Promise<DrillResult> {
  const { deps } = drill
  const lines: readonly LedgerLine[] = [
    ...load.ledger.lines,
    { event: 'steady', atMs: seen.steadyAtMs },
  ]
  const found = await readBack(deps, { run: drill.run, lines })
  const events = await deps.events(load.beganAtMs(), Date.now())
  const evidence: Evidence = { ...seen.evidence, lines, events }
  const checks: DrillCheck[] = []
  for (const { what, judge: judgeOne } of seen.act.checks ?? []) {
    const problem = await judgeOne(evidence)
    checks.push({ what, held: problem === null, detail: problem ?? '' })
  }
  const decisions = decisionsOf(events, load.beganAtMs())
  return buildResult({
    ...drill,
    rehearsal: {
      ...seen.rehearsal,
      lines: withNames(lines, seen.evidence.after),
      timeline: [...seen.rehearsal.timeline, ...decisions],
    },
    found,
    checks,
    recovery: seen.act.recovery?.(evidence, found),
  })
}

/** What controllers and commands decided, as lines of the timeline. */
const decisionsOf = (
  events: readonly PlatformEvent[],
  beganAtMs: number,
): readonly TimelineEvent[] =>
  events.map(({ at, summary, source }) => ({
    atMs: Math.max(0, Math.round(Date.parse(at) - beganAtMs)),
    what: summary,
    source,
  }))

/** The ledger knows members by their addresses; people know them by name. */
function withNames(lines: Evidence['lines'], { members }: ClusterStatus): Evidence['lines'] {
  const names = new Map(members.map(({ address, name }) => [address, name]))
  return lines.map((line) =>
    line.event === 'done' && line.member !== null
      ? { ...line, member: names.get(line.member) ?? line.member }
      : line,
  )
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal })
