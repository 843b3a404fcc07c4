/** Looks at the machine, the engine and the state folder, and plans what `up` would do. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { planUp, type Step, type UpObservation } from '@neuronha/core/plan/plan-up.ts'
import { etcdUsers } from '@neuronha/core/render/etcd-auth.ts'
import { patroniDynamicConfig } from '@neuronha/core/render/patroni.ts'
import { renderDatabaseSetup } from '@neuronha/core/render/database-setup.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { PROFILES } from '@neuronha/core/spec/profiles.ts'
import { createSocketEngine } from '../engine/engine.ts'
import {
  changedContainerFiles,
  loadApplied,
  readTextIfThere,
  type Applied,
  type StateFolder,
} from '../state/state-folder.ts'
import { sha256, type Desired } from './desired.ts'
import { primaryOf } from './wait.ts'

/** Hashes of what lives inside etcd and PostgreSQL. */
export const setupHashes = (
  spec: ClusterSpec,
  secrets: ClusterSecrets,
): Required<Omit<Applied, 'source'>> => ({
  etcdAuth: sha256(JSON.stringify(etcdUsers(spec, secrets))),
  databaseSetup: sha256(JSON.stringify(renderDatabaseSetup(spec, secrets))),
  patroniConfig: sha256(JSON.stringify(patroniDynamicConfig(spec))),
})

export interface PlanInputs {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly state: StateFolder
  readonly desired: Desired
  readonly missingImages: readonly string[]
  readonly machine: UpObservation['machine']
  /** Does an engine answer? Without one nothing of the cluster runs. */
  readonly engineAnswers: boolean
  readonly status: ClusterStatus | undefined
}

/** The steps that `up` would run now. */
export async function planCluster(inputs: PlanInputs): Promise<readonly Step[]> {
  const { spec, secrets, state, desired } = inputs
  const applied = await loadApplied(state)
  const hashes = setupHashes(spec, secrets)
  const changed = await changedContainerFiles(state, desired.files)
  const composeChanged = (await readTextIfThere(state.composeFile)) !== desired.compose
  return planUp({
    machine: inputs.machine,
    missingImages: inputs.missingImages,
    wanted: desired.containers,
    present: inputs.engineAnswers ? await createSocketEngine({ cluster: spec.name }).list() : [],
    changedFiles: [...changed, ...(composeChanged ? ['compose.yaml'] : [])],
    etcdAuthPending: applied?.etcdAuth !== hashes.etcdAuth,
    databaseSetupPending: applied?.databaseSetup !== hashes.databaseSetup,
    patroniConfigPending: applied?.patroniConfig !== hashes.patroniConfig,
    primary: inputs.status && primaryOf(inputs.status),
    predictedStallMs: predictedRestartStallMs(spec),
  })
}

/**
 * How long writes pause when the primary's container is stopped in order: Patroni hands its lease over
 * within a loop, the standbys race, the routers need one check to see it and the poolers one retry.
 */
export const predictedRestartStallMs = (spec: ClusterSpec): number => {
  const { patroni, check, pooler } = PROFILES[spec.profile]
  return patroni.loopWait * 1000 + check.fastinterMs * 2 + pooler.serverLoginRetry * 1000
}
