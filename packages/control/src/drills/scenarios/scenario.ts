/** What a drill is: data about it, whom the load goes to, and a fault with the way back. */
import type { LoadTarget, LoadgenConfig } from '@neuronha/core/config/loadgen.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import type { ServiceComponent } from '@neuronha/core/topology/containers.ts'
import type { HealStep } from '../finaliser.ts'

export interface ScenarioOptions {
  /** service-kill: which service loses a replica. */
  readonly service?: ServiceComponent
}

export interface ScenarioContext {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly options: ScenarioOptions
}

/** The load that a scenario is judged by. */
export interface ScenarioLoad {
  readonly target: LoadTarget
  readonly paths: LoadgenConfig['paths']
}

/** One fault on one target, chosen when the cluster's state is known. */
export interface Fault {
  /** The container that it hits. */
  readonly target: string
  /** What happens to it, for the timeline. */
  readonly what: string
  /** What mends the fault when the drill itself is killed in the middle. */
  readonly heal: readonly HealStep[]
  readonly inject: () => Promise<void>
  /** Is the target back, as a new incarnation where the fault ends one? */
  readonly hasReturned: (status: ClusterStatus) => Promise<boolean>
}

export interface Scenario {
  readonly name: string
  readonly kind: DrillResult['kind']
  /** One sentence: what it breaks and what must hold. */
  readonly does: string
  /** What its users may notice while it runs. */
  readonly blastRadius: string
  readonly bounds: { readonly rtoMs: number; readonly wholeAgainMs: number }
  readonly load: (context: ScenarioContext) => ScenarioLoad
  readonly chooseFault: (context: ScenarioContext, status: ClusterStatus) => Promise<Fault>
}
