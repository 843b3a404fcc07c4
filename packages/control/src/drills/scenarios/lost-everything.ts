/**
 * lost-everything: every container, every volume and the state folder are destroyed under load. Only the repository, the
 * cluster file and the key of the backups are left, and the cluster comes back from them.
 */
import { copyFile, mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { RestoreResult } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { volumeName } from '@neuronha/core/render/compose.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { durationMsOf } from '@neuronha/core/spec/quantities.ts'
import { containersOf, servingContainers } from '@neuronha/core/topology/containers.ts'
import { readEdgeCertificate, readExternalSecrets } from '../../apply/desired.ts'
import { loadApplied, readTextIfThere, stateFolderOf } from '../../state/state-folder.ts'
import { destroyCluster } from '../faults/destroy-cluster.ts'
import { kitFolderOf } from '../records-in-folder.ts'
import { recoverDestroyed, type DestroyedCluster } from '../recover-destroyed.ts'
import { assertBackupsAreWell, needsRepository } from './backup-parts.ts'
import { agentLoad, startSteps } from './parts.ts'
import { missingMs, restoredWrites } from './restored-writes.ts'
import type { Act, Check, Scenario, ScenarioContext, Stage } from './scenario.ts'

/** Beyond the promised RPO, so that there are writes which must not be lost. */
const PROMISED_FOR_MS = 20_000
/** Acknowledgements that were on their way when the last container ended. */
const UNREAD_MS = 2000

/** Milliseconds since the load began. */
interface Seen {
  readonly killedMs: number
  /** Nothing runs any more. */
  readonly goneMs: number
  readonly recoveredMs: number
  readonly restored: RestoreResult
}

export const lostEverything: Scenario = {
  name: 'lost-everything',
  group: 'backups',
  kind: 'restore',
  needsController: true,
  lacks: needsRepository,
  mayShowErrors: true,
  destroysCluster: true,
  does: 'destroys every container, volume and secret of the cluster, all but its repository, and recovers it from that, the cluster file and the key of the backups; what is older than the promised RPO is all there, and clients sign in as before',
  blastRadius:
    'nothing answers for minutes, and the last seconds before are lost: this is no drill for a cluster whose data anybody needs',
  bounds: ({ spec }) => ({
    rtoMs: 900_000,
    // From the kill; the load also goes on before it.
    wholeAgainMs: 1_200_000 + durationMsOf(spec.backup.rpo),
  }),
  load: agentLoad,
  plan: async (context, status) => {
    assertBackupsAreWell(status)
    const { spec } = context
    const state = stateFolderOf(spec.name)
    const applied = await loadApplied(state)
    if (applied?.sealedSecrets === undefined)
      throw new PlatformError(
        'REFUSED_FOR_SAFETY',
        'the cluster’s secrets are not beside its backups yet: without them it does not come back whole',
        { hint: '`./neuronha up` puts them there.' },
      )
    const destroyed = await wayBackOf(context, applied.source)
    await assertFilesAreFound(spec, destroyed.file)
    return actOf(context, destroyed)
  },
}

/** Its own cluster file, where that is the one that was applied: the files that it names are found from there. */
async function wayBackOf(
  { spec, run }: ScenarioContext,
  source: string | null,
): Promise<DestroyedCluster> {
  const { clusterFile, drillsDir } = stateFolderOf(spec.name)
  const kit = kitFolderOf(drillsDir, run)
  const text = await readTextIfThere(clusterFile)
  const isAsApplied = source !== null && (await readTextIfThere(source)) === text
  return {
    cluster: spec.name,
    kit,
    file: isAsApplied ? source : join(kit, 'cluster.yaml'),
    keyFile: join(kit, 'backup-key'),
    source,
    kept: containersOf(spec, 'store').map(({ name }) => volumeName(name)),
  }
}

/** @throws PlatformError CLUSTER_FILE_INVALID for files that the cluster file names and that are not there. */
async function assertFilesAreFound(spec: ClusterSpec, file: string): Promise<void> {
  await readExternalSecrets(spec, dirname(file))
  await readEdgeCertificate(spec, dirname(file))
}

function actOf(context: ScenarioContext, destroyed: DestroyedCluster): Act {
  const { spec } = context
  const rpoMs = durationMsOf(spec.backup.rpo)
  let seen: Seen | undefined
  return {
    target: 'everything',
    what: 'every container, volume and secret of the cluster is destroyed',
    heal: [
      // Where it did not come to more than killing them.
      ...startSteps(servingContainers(spec).map(({ name }) => name)),
      { kind: 'recover', ...destroyed },
    ],
    prepare: async (stage) => {
      await packKit(destroyed)
      await stage.sleep(rpoMs + PROMISED_FOR_MS)
    },
    inject: async (stage) => {
      seen = await loseAndRecover(context, stage, destroyed)
    },
    keepMs: 0,
    hasReturned: () => true,
    unpromised: () => seen && { fromMs: seen.killedMs - rpoMs, untilMs: seen.goneMs + UNREAD_MS },
    checks: [answersAgain(() => seen?.goneMs)],
    recovery: ({ lines }, found) => {
      if (seen === undefined) return undefined
      const { killedMs, recoveredMs, restored } = seen
      const writes = restoredWrites(lines, found, killedMs)
      return { usableMs: recoveredMs - killedMs, rpoMs: missingMs(writes, killedMs), restored }
    },
  }
}

async function packKit({ cluster, kit, file, keyFile }: DestroyedCluster): Promise<void> {
  const { clusterFile, credentialsDir } = stateFolderOf(cluster)
  await mkdir(kit, { recursive: true, mode: 0o700 })
  if (dirname(file) === kit) await copyFile(clusterFile, file)
  await copyFile(join(credentialsDir, 'backup-key'), keyFile)
}

async function loseAndRecover(
  { spec, runCommand }: ScenarioContext,
  { nowMs, note }: Stage,
  destroyed: DestroyedCluster,
): Promise<Seen> {
  const killedMs = Math.round(nowMs())
  let goneMs = killedMs
  await destroyCluster(spec, destroyed.kept, () => {
    goneMs = Math.round(nowMs())
    note('nothing runs any more')
  })
  note('nothing is left of the cluster but its repository')
  await recoverDestroyed(destroyed, runCommand)
  const recoveredMs = Math.round(nowMs())
  note('the cluster is recovered')
  const applied = await loadApplied(stateFolderOf(spec.name))
  const { result } = assertPresent(applied?.restored, 'what the restore said')
  return { killedMs, goneMs, recoveredMs, restored: result }
}

/** With the API key of before, which the load goes on using. */
const answersAgain = (goneMs: () => number | undefined): Check => ({
  what: 'clients are answered again, with the keys that they had',
  judge: ({ lines }) => {
    const since = goneMs()
    const isAnswered = (path: string): boolean =>
      lines.some(
        (line) =>
          line.event === 'done' &&
          line.path === path &&
          line.outcome === 'acknowledged' &&
          line.endMs > (since ?? Number.POSITIVE_INFINITY),
      )
    const asked = ['http', 'sql'].filter((path) =>
      lines.some((line) => line.event === 'done' && line.path === path),
    )
    const silent = asked.filter((path) => !isAnswered(path))
    return silent.length === 0 ? null : `nothing was acknowledged on ${silent.join(' and ')}`
  },
})
