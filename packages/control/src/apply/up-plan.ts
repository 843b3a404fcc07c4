/** Looks at the machine, the engine and the state folder, and plans what `up` would do. */
import type { RestoreOrder } from '@neuronha/core/contracts/restore.ts'
import { planUp, type Step, type UpObservation } from '@neuronha/core/plan/plan-up.ts'
import { etcdUsers } from '@neuronha/core/render/etcd-auth.ts'
import { patroniDynamicConfig } from '@neuronha/core/render/patroni.ts'
import { renderDatabaseSetup } from '@neuronha/core/render/database-setup.ts'
import {
  predictedPrimaryReplacementMs,
  predictedSwitchoverMs,
} from '@neuronha/core/predict/predict-rto.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { createSocketEngine } from '../engine/engine.ts'
import {
  changedContainerFiles,
  loadApplied,
  readTextIfThere,
  type Applied,
  type StateFolder,
} from '../state/state-folder.ts'
import { sha256, type Desired } from './desired.ts'

/** Hashes of what lives inside etcd and PostgreSQL. */
export const setupHashes = (
  spec: ClusterSpec,
  secrets: ClusterSecrets,
): Required<Omit<Applied, 'source' | 'reloaded' | 'restored'>> => ({
  etcdAuth: sha256(JSON.stringify(etcdUsers(spec, secrets))),
  databaseSetup: sha256(JSON.stringify(renderDatabaseSetup(spec, secrets))),
  patroniConfig: sha256(JSON.stringify(patroniDynamicConfig(spec))),
  backupSetup: sha256(JSON.stringify(spec.backup.repositories.map(placeOfRepository))),
  sealedSecrets: sha256(JSON.stringify([secrets, spec.backup.repositories.map(placeOfRepository)])),
})

/** What must change for another preparation of it to be needed. */
const placeOfRepository = (repository: ClusterSpec['backup']['repositories'][number]) =>
  repository.kind === 'trial'
    ? repository.kind
    : [repository.endpoint, repository.bucket, repository.path]

export interface PlanInputs {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly state: StateFolder
  readonly desired: Desired
  readonly missingImages: readonly string[]
  readonly machine: UpObservation['machine']
  /** Does an engine answer? Without one nothing of the cluster runs. */
  readonly engineAnswers: boolean
  /** Name of the primary, when there is one; it may be a member that the file no longer has. */
  readonly primary: string | undefined
  /** What is to be restored before any member runs. */
  readonly order: RestoreOrder | undefined
}

/** The steps that `up` would run now. */
export async function planCluster(inputs: PlanInputs): Promise<readonly Step[]> {
  const { spec, secrets, state, desired, order } = inputs
  const applied = await loadApplied(state)
  const hashes = setupHashes(spec, secrets)
  const changed = await changedContainerFiles(state, desired.files)
  const composeChanged = (await readTextIfThere(state.composeFile)) !== desired.compose
  return planUp({
    machine: inputs.machine,
    missingImages: inputs.missingImages,
    wanted: desired.containers,
    present: inputs.engineAnswers ? await listPresent(spec.name, applied) : [],
    changedFiles: [...changed, ...(composeChanged ? ['compose.yaml'] : [])],
    etcdAuthPending: applied?.etcdAuth !== hashes.etcdAuth,
    databaseSetupPending: applied?.databaseSetup !== hashes.databaseSetup,
    patroniConfigPending: applied?.patroniConfig !== hashes.patroniConfig,
    backupSetupPending:
      spec.backup.repositories.length > 0 && applied?.backupSetup !== hashes.backupSetup,
    sealedSecretsPending:
      spec.backup.repositories.length > 0 && applied?.sealedSecrets !== hashes.sealedSecrets,
    restore: order === undefined ? undefined : { title: orderTitle(order), member: order.member },
    primary: inputs.primary,
    predictedStallMs: predictedPrimaryReplacementMs(spec),
    predictedSwitchoverMs: predictedSwitchoverMs(spec),
  })
}

const orderTitle = ({ source, target, resumes }: RestoreOrder): string =>
  resumes
    ? 'have the data of before the restore go on'
    : `restore the database of ${source}, ${targetWords(target)}`

/** What is there, with the configuration that it last took up: a reload changes no label. */
async function listPresent(
  cluster: string,
  applied: Applied | undefined,
): Promise<UpObservation['present']> {
  const containers = await createSocketEngine({ cluster }).list()
  return containers.map((container) => {
    const reloaded = applied?.reloaded?.[container.name]
    return reloaded?.id === container.id ? { ...container, config: reloaded.config } : container
  })
}
