/** What a drill is: data about it, whom the load goes to, and an act with the way back. */
import type { LedgerLine, LoadTarget, LoadgenConfig } from '@neuronha/core/config/loadgen.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { DrillSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { ServiceComponent } from '@neuronha/core/topology/containers.ts'
import type { RestoreResult } from '@neuronha/core/contracts/restore.ts'
import type { FoundByPath } from '../build-result.ts'
import type { Copies } from '../copies.ts'
import type { ContainerActs } from '../faults/acts-on-containers.ts'
import type { HealStep } from '../heal.ts'
import type { RunCommand } from '../run-command.ts'

export interface ScenarioOptions {
  /** service-kill, service-frozen: which service loses a replica. */
  readonly service?: ServiceComponent
  /** controller-kill-during: how long after the fault. Default: 0. */
  readonly afterSeconds?: number
  /** overload, store-outage, soak: how long. Default: 3, 5, and 20 for a soak. */
  readonly minutes?: number
  /** soak: the same seed makes the same schedule. */
  readonly seed?: number
}

export interface ScenarioContext {
  readonly spec: ClusterSpec
  readonly secrets: DrillSecrets
  readonly options: ScenarioOptions
  /** Marks what this run writes. */
  readonly run: string
  /** Runs another command of this program while the drill lends it the cluster's lock. */
  readonly runCommand: RunCommand
  readonly containers: ContainerActs
  /** A folder of this run that is removed with it. */
  readonly workDir: string
  /** Clusters beside this one that are restored from its backups. */
  readonly copies: Copies
}

/** The load that a scenario is judged by. */
export interface ScenarioLoad {
  readonly target: LoadTarget
  readonly paths: LoadgenConfig['paths']
  /** Also open a new connection for each of some writes. Default: false. */
  readonly newConnections?: boolean
}

/** What an act is given while it happens. */
export interface Stage {
  /** Milliseconds since the load began. */
  readonly nowMs: () => number
  /** A line in the timeline, at this moment. */
  readonly note: (what: string) => void
  /** Ends early when the drill is interrupted. */
  readonly sleep: (ms: number) => Promise<void>
  readonly signal: AbortSignal
  /** A look at the cluster, fresh. */
  readonly observe: () => Promise<ClusterStatus>
  /** What was acknowledged until now. */
  readonly ledger: () => Promise<readonly LedgerLine[]>
  /** Makes a fault within this act, with a heal of its own; resolves when it has been healed, where the drill heals it. */
  readonly act: (id: string, act: Act) => Promise<void>
}

/** Keeps the controllers' hands off containers from before the fault until it is healed. */
export interface ActHolds {
  readonly containers: readonly string[]
  /** Not to be started again. Default: true. */
  readonly noStart?: boolean
  /** Not to be fenced. Default: false. */
  readonly noFence?: boolean
}

/** One fault, or one planned act, on a target that was chosen when the cluster's state was known. */
export interface Act {
  /** What it hits, by container name where it is one container. */
  readonly target: string
  /** What happens to it, for the timeline. */
  readonly what: string
  /** What mends it; written down before the act begins. */
  readonly heal: readonly HealStep[]
  readonly holds?: ActHolds
  /** Brings about what the fault needs, under load; the fault begins when it has ended. */
  readonly prepare?: (stage: Stage) => Promise<void>
  readonly inject: (stage: Stage) => Promise<void>
  /**
   * How long after `inject` the drill itself heals the fault, milliseconds. Absent: the system has to, and the
   * steps are for a drill that dies in the middle.
   */
  readonly keepMs?: number
  /** Is the target back, as a new incarnation where the act ends one? */
  readonly hasReturned: (status: ClusterStatus) => boolean | Promise<boolean>
  /** What must hold beside the general promises. */
  readonly checks?: readonly Check[]
  /** Acknowledgements of that time may be missing afterwards: nobody promised them. Default: none may. */
  readonly unpromised?: () => Span | undefined
  /** What was restored; undefined: nothing was. */
  readonly recovery?: (evidence: Evidence, found: FoundByPath) => Recovery | undefined
}

/** Milliseconds since the load began. */
export interface Span {
  readonly fromMs: number
  readonly untilMs: number
}

/** As the result has them. */
export interface Recovery {
  readonly usableMs: number
  readonly rpoMs: number
  readonly restored: RestoreResult
}

/** A promise of one scenario. Says what is wrong, or null. */
export interface Check {
  readonly what: string
  readonly judge: (evidence: Evidence) => string | null | Promise<string | null>
}

/** What was noticed at one moment while the drill ran. */
export interface Sight {
  readonly atMs: number
  readonly primary: string | null
  readonly timeline: number | null
  /** Members that each router sends reads to. */
  readonly readsFrom: ReadonlyMap<string, readonly string[]>
}

/** Id and start of each container: another value is another incarnation. */
export type Incarnations = ReadonlyMap<string, string>

/** All that is known when the load has ended. */
export interface Evidence {
  readonly target: string
  readonly faultAtMs: number
  readonly healedAtMs: number | null
  readonly lines: readonly LedgerLine[]
  readonly sights: readonly Sight[]
  readonly before: ClusterStatus
  readonly after: ClusterStatus
  readonly incarnations: { readonly before: Incarnations; readonly after: Incarnations }
  /** What controllers and commands said they did. */
  readonly events: readonly PlatformEvent[]
}

export const GROUPS = ['database', 'planned', 'path', 'services', 'control', 'backups'] as const
export type ScenarioGroup = (typeof GROUPS)[number]

export interface Bounds {
  readonly rtoMs: number
  /** From the fault. */
  readonly wholeAgainMs: number
}

export interface Scenario {
  readonly name: string
  readonly group: ScenarioGroup
  readonly kind: DrillResult['kind']
  /** One sentence: what it breaks and what must hold. */
  readonly does: string
  /** What its users may notice while it runs. */
  readonly blastRadius: string
  readonly bounds: Bounds | ((context: ScenarioContext) => Bounds)
  /** Without controllers there is nothing to rehearse. Default: false. */
  readonly needsController?: boolean
  /** It must be told which service it hits. Default: false. */
  readonly needsService?: boolean
  /** What the cluster file lacks for it; null: nothing. Asked for by name it is refused with that, as one of all left out. */
  readonly lacks?: (spec: ClusterSpec) => string | null
  /** Nothing of the cluster is left but its backups: its name must be typed, whatever its file says. Default: false. */
  readonly destroysCluster?: boolean
  /** More is broken than the cluster is built to hide: clients may see errors, but nothing may be lost. Default: false. */
  readonly mayShowErrors?: boolean
  /** Each is a drill of its own in `drill run all`. Default: one, without options. */
  readonly variants?: readonly ScenarioOptions[]
  readonly load: (context: ScenarioContext) => ScenarioLoad
  readonly plan: (context: ScenarioContext, status: ClusterStatus) => Promise<Act>
}

export const boundsOf = (scenario: Scenario, context: ScenarioContext): Bounds =>
  typeof scenario.bounds === 'function' ? scenario.bounds(context) : scenario.bounds
