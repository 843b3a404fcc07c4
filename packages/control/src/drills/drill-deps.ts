/** What a drill is given: the cluster, the way to look at it, and where to report. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { NewEvent, PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import type { DrillSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { Kv } from '../etcd/kv.ts'
import type { Progress } from '../setup/progress.ts'
import type { DrillDatabase } from './drill-database.ts'
import type { DrillRecords } from './drill-records.ts'
import type { Copies } from './copies.ts'
import type { ContainerActs } from './faults/acts-on-containers.ts'
import type { RunCommand } from './run-command.ts'
import type { LoadHost } from './load-host.ts'
import type { RateChoice } from './rate-choice.ts'
import type { ScenarioLoad, ScenarioOptions } from './scenarios/scenario.ts'

export interface DrillDeps {
  readonly spec: ClusterSpec
  readonly secrets: DrillSecrets
  /** Folder for the private folders of runs. */
  readonly workRoot: string
  readonly records: DrillRecords
  readonly containers: ContainerActs
  readonly database: DrillDatabase
  readonly load: LoadHost
  /** A look at everything, all of it fresh. */
  readonly observe: () => Promise<ClusterStatus>
  /**
   * A look that may be a few seconds old in its slow-changing parts, and costs a third. While a drill
   * measures, this one is used, and what it says is confirmed by a fresh look. Default: `observe`.
   */
  readonly observeLightly?: () => Promise<ClusterStatus>
  readonly progress: Progress
  /** For drills that were not told a rate. */
  readonly rates: RateChoice
  /** For holds. */
  readonly kv: Kv
  /** Notes in the audit log what the drill did. */
  readonly record: (event: NewEvent) => void
  /** What controllers and commands decided in a span of time, milliseconds since 1970. */
  readonly events: (fromMs: number, untilMs: number) => Promise<readonly PlatformEvent[]>
  /** Runs another command of this program while this one lends it the cluster's lock. */
  readonly runCommand: RunCommand
  readonly copies: Copies
  /** What is running: the commit of the checkout. */
  readonly commit: string
}

export interface DrillOptions extends ScenarioOptions {
  /** Requests per second of each path. Default: as much as the cluster carries, 50 at most. */
  readonly ratePerSecond?: number
  /** The load goes on for at least so long. Default: as long as fault and recovery take. */
  readonly seconds?: number
  /** Which of its paths the load takes. Default: the scenario's. */
  readonly path?: ScenarioLoad['paths']
  /** false: both controllers are stopped for the run, so that Patroni is alone. Default: true. */
  readonly withController?: boolean
  /** The cluster's name as the user typed it; needed when the cluster is in production. */
  readonly confirmedName?: string
  /** Ends the drill early: it heals, cleans up, and its verdict is `aborted`. */
  readonly signal?: AbortSignal
}
