/**
 * `restore --in-place`, `--undo` and `--drop-old`: the cluster's own database becomes what it was at some moment. The data that was
 * there stays beside it, in the members' volumes, until it is put back or dropped.
 *
 *   (none) ──▶ setting-aside ──▶ restoring ──▶ kept ──(--drop-old)──▶ dropping ──▶ (none)
 *                   └──────────────┴────────────┴──(--undo)──▶ putting-back ──▶ resuming ──▶ (none)
 *
 * Each move is written down before it begins (restore/in-place-record.ts), and can be done again. No member starts while data
 * is on its way, and the order of the restore is written before any member could start without data.
 */
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { createPgbackrest } from '../backups/pgbackrest.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { primaryOf, waitForStatus } from '../apply/wait.ts'
import {
  assertCanRestore,
  assertRoomForAll,
  describeWindow,
  type WantedRestore,
} from '../restore/assert-can-restore.ts'
import { dropOldData, dropUndoneData, putDataBack, setDataAside } from '../restore/data-folders.ts'
import {
  forgetInPlace,
  loadInPlace,
  saveInPlace,
  type InPlaceRecord,
} from '../restore/in-place-record.ts'
import { openRepositoryReader, type RestoreContainer } from '../restore/repository-reader.ts'
import { forgetRestoreOrder, reviseOrder, saveRestoreOrder } from '../restore/restore-order.ts'
import { firstMember } from '../restore/restore-database.ts'
import { restoreSidesOf } from '../restore/restore-sides.ts'
import { forgetPatroniState, stopDataTier, withPatroniKv } from '../restore/stop-data-tier.ts'
import { observeMachine } from '../setup/observe-machine.ts'
import { runStep } from '../setup/progress.ts'
import { lockCluster } from '../state/lock.ts'
import { loadApplied, saveApplied, type StateFolder } from '../state/state-folder.ts'
import { actorHere, withAudit, type CommandAudit } from './audit.ts'
import { assertHasRepository, backupTask } from './backup.ts'
import { lockForChange } from './change-lock.ts'
import {
  createClusterObserver,
  loadAppliedSource,
  openCluster,
  quiet,
  type ClusterChoice,
  type CommandIo,
  type OpenCluster,
} from './context.ts'
import { buildRestoreImage, repositoryOf, type WantedOrder } from './order-restore.ts'
import { archiveWhatIsThere } from './restore.ts'
import { up } from './up.ts'

export interface InPlaceOptions extends ClusterChoice {
  readonly target: RestoreTarget
  /** `repo1`, …; default: the first. */
  readonly from: string | undefined
  readonly backup: string | undefined
  /** The cluster's name, as it was typed beforehand. */
  readonly confirmed: string | undefined
}

/**
 * @throws PlatformError REFUSED_FOR_SAFETY when it is not confirmed, when older data is kept already, or when no member is
 *   primary: who has all that was acknowledged is not known then.
 */
export async function restoreInPlace(io: CommandIo, options: InPlaceOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  assertHasRepository(cluster)
  const { state, spec } = cluster
  const record = await loadInPlace(state)
  if (record !== undefined && record.phase !== 'setting-aside' && record.phase !== 'restoring')
    throw alreadyKept(record)
  if (record === undefined)
    await confirmName(io, cluster, options.confirmed, [
      `This takes ${spec.name} down, and makes its database what it was ${targetWords(options.target)}.`,
      'A backup is made first, and what is there now is kept until you drop it.',
    ])
  if (record?.phase === 'restoring')
    await whileLocked(io, cluster, () => reviseOrder(io, state, wantedOf(cluster, options)))
  else await setAside(io, cluster, options, record)
  await upAgain(io, cluster)
  io.warn(
    `The data of before is kept in the members’ volumes. \`./neuronha restore --undo\` puts it back; \`./neuronha restore --drop-old\` drops it.`,
  )
}

const wantedOf = (cluster: OpenCluster, { from, target, backup }: InPlaceOptions): WantedOrder => ({
  repository: repositoryOf(cluster.spec, from),
  target,
  backup: backup ?? null,
})

async function setAside(
  io: CommandIo,
  cluster: OpenCluster,
  options: InPlaceOptions,
  before: InPlaceRecord | undefined,
): Promise<void> {
  const { spec, state } = cluster
  const wanted = wantedOf(cluster, options)
  const { target } = wanted
  const container =
    before === undefined
      ? await prepare(io, cluster, { ...wanted, backup: options.backup })
      : (await openRestore(io, cluster)).container
  await whileLocked(io, cluster, async (audit) => {
    const record: InPlaceRecord =
      before === undefined
        ? {
            phase: 'setting-aside',
            primary: await primaryNow(cluster),
            target,
            since: new Date().toISOString(),
            by: actorHere(),
          }
        : { ...(await withPresentPrimary(before, cluster)), target }
    await saveInPlace(state, record)
    await takeDown(io, cluster, record.primary)
    // From here on it is kept in etcd: nobody is left to write it into the database that goes away.
    audit.record({
      kind: 'restore.in-place',
      severity: 'critical',
      summary: `${spec.name} was taken down, to be restored ${targetWords(record.target)}`,
      evidence: { record },
    })
    await runStep(io.progress, 'setting the data of every member aside', () =>
      setDataAside(container, io.signal),
    )
    await saveRestoreOrder(state, {
      ...wanted,
      ...{ source: spec.name, member: firstMember(spec), resumes: false },
      ...{ requestedAt: record.since, by: record.by },
    })
    await withPatroniKv(cluster, (kv) => forgetPatroniState(kv, spec.name))
    await forgetWhatWasSetUp(state)
    await saveInPlace(state, { ...record, phase: 'restoring' })
  })
}

/**
 * As the cluster was, whatever its file says by now; and a backup of the new timeline, since the newest one is of a history that
 * was left: who restores next would begin with it.
 */
async function upAgain(io: CommandIo, { spec }: OpenCluster): Promise<void> {
  const source = await loadAppliedSource(spec.name)
  if (source === undefined) throw nothingKept(spec.name)
  await up(io, { source, yes: true, install: false })
  await backupTask(quiet(io), { cluster: spec.name }, 'incremental')
}

/**
 * Everything that may refuse, before anything is touched; and the last backup of what is there. Under this machine's lock alone:
 * no backup is made while somebody changes the cluster.
 */
async function prepare(
  io: CommandIo,
  cluster: OpenCluster,
  wanted: WantedRestore,
): Promise<RestoreContainer> {
  const { name } = cluster.spec
  const unlock = await lockCluster(name, io.commandLine)
  try {
    const { container, pgbackrest } = await openRestore(io, cluster)
    await primaryNow(cluster)
    // Before one looks: a backup has old ones expire.
    await backupTask(quiet(io), { cluster: name }, 'incremental')
    await archiveWhatIsThere(io, cluster)
    const restorable = await runStep(
      io.progress,
      `looking into ${wanted.repository}`,
      () => assertCanRestore(pgbackrest, wanted),
      describeWindow,
    )
    await assertRoomForAll(cluster.spec, restorable)
    return container
  } finally {
    await unlock()
  }
}

/**
 * Puts the data of before a restore in place back. What was written since the restore is lost, and said so first.
 *
 * @throws PlatformError BAD_REQUEST when none is kept; REFUSED_FOR_SAFETY when it is not confirmed.
 */
export async function restoreUndo(
  io: CommandIo,
  options: ClusterChoice & Pick<InPlaceOptions, 'confirmed' | 'from'>,
): Promise<void> {
  const cluster = await openCluster(io, options)
  const { state, spec } = cluster
  const record = await loadInPlace(state)
  if (record === undefined || record.phase === 'dropping') throw nothingKept(spec.name)
  const isUnderWay = record.phase === 'putting-back' || record.phase === 'resuming'
  if (!isUnderWay)
    await confirmName(io, cluster, options.confirmed, [
      `This takes ${spec.name} down, and puts back the data of before ${record.since}.`,
      'What was written since the restore is lost.',
    ])
  if (record.phase !== 'resuming') await putBack(io, cluster, options, record)
  await upAgain(io, cluster)
  await runStep(io.progress, 'dropping what was restored', () =>
    dropUndoneData(membersOf(cluster), io.signal),
  )
  await forgetInPlace(state)
  await untilHealthy(io, cluster)
}

const HEALTHY_AGAIN_MS = 120_000

/** The backup, and files that are removed, came after `up` had seen it healthy; whoever looks next is to find it so. */
async function untilHealthy({ progress, signal }: CommandIo, cluster: OpenCluster): Promise<void> {
  const observer = createClusterObserver(cluster)
  try {
    await runStep(progress, 'wait until everything is healthy', (step) =>
      waitForStatus(observer, 'a healthy cluster', ({ health }) => health === 'healthy', {
        ...{ timeoutMs: HEALTHY_AGAIN_MS, signal },
        onLook: ({ reasons }) => step.note(reasons[0] ?? ''),
      }),
    )
  } finally {
    await observer.close()
  }
}

async function putBack(
  io: CommandIo,
  cluster: OpenCluster,
  { from }: Pick<InPlaceOptions, 'from'>,
  found: InPlaceRecord,
): Promise<void> {
  const { spec, state } = cluster
  const repository = repositoryOf(spec, from)
  await whileLocked(io, cluster, async (audit) => {
    const { container } = await openRestore(io, cluster)
    const record = await withPresentPrimary(found, cluster)
    await saveInPlace(state, { ...record, phase: 'putting-back' })
    await takeDown(io, cluster, (await primaryIfAny(cluster)) ?? record.primary)
    audit.record({
      kind: 'restore.undo',
      severity: 'critical',
      summary: `${spec.name} was taken down, and gets the data back that it had before ${record.since}`,
      evidence: { record },
    })
    // An order that was not carried out would copy over what is put back.
    await forgetRestoreOrder(state)
    await runStep(io.progress, 'putting the data of every member back', () =>
      putDataBack(container, io.signal),
    )
    await saveRestoreOrder(state, {
      ...{ source: spec.name, repository, backup: null, target: record.target },
      ...{ member: record.primary, resumes: true },
      ...{ requestedAt: new Date().toISOString(), by: actorHere() },
    })
    await withPatroniKv(cluster, (kv) => forgetPatroniState(kv, spec.name))
    await forgetWhatWasSetUp(state)
    await saveInPlace(state, { ...record, phase: 'resuming' })
  })
}

/** Drops the data of before a restore in place, for good. */
export async function restoreDropOld(
  io: CommandIo,
  options: ClusterChoice & { readonly yes: boolean },
): Promise<void> {
  const cluster = await openCluster(io, options)
  const { state, spec } = cluster
  const record = await loadInPlace(state)
  if (record === undefined) throw nothingKept(spec.name)
  if (record.phase !== 'kept' && record.phase !== 'dropping')
    throw new PlatformError('REFUSED_FOR_SAFETY', 'a restore in place has not ended', {
      hint: 'Run the command that was interrupted again (`./neuronha doctor` says that one was), or `./neuronha restore --undo`.',
    })
  const question = `This drops the data that ${spec.name} had before ${record.since}, for good. Go on?`
  if (record.phase === 'kept' && !options.yes && !(await io.confirm(question)))
    throw new PlatformError('REFUSED_FOR_SAFETY', 'the old data was not dropped: not confirmed')
  await whileLocked(io, cluster, async (audit) => {
    // What is half gone is not to be put back.
    await saveInPlace(state, { ...record, phase: 'dropping' })
    await runStep(io.progress, 'dropping the data of before the restore', () =>
      dropOldData(membersOf(cluster), io.signal),
    )
    await forgetInPlace(state)
    audit.record({
      kind: 'restore.old-dropped',
      severity: 'warning',
      summary: `the data that ${spec.name} had before ${record.since} is dropped`,
    })
  })
}

const membersOf = ({ spec }: OpenCluster): readonly string[] =>
  containersOf(spec, 'member').map(({ name }) => name)

const alreadyKept = ({ since, phase }: InPlaceRecord): PlatformError => {
  if (phase === 'kept' || phase === 'dropping')
    return new PlatformError(
      'REFUSED_FOR_SAFETY',
      `the data of before the restore of ${since} is still kept`,
      {
        hint: `Drop it by \`./neuronha restore --drop-old\`${phase === 'kept' ? ', or put it back by `./neuronha restore --undo`' : ': that was interrupted'}.`,
      },
    )
  return new PlatformError('REFUSED_FOR_SAFETY', 'an undo has not ended', {
    hint: 'Run `./neuronha restore --undo` again: it goes on.',
  })
}

const nothingKept = (cluster: string): PlatformError =>
  new PlatformError('BAD_REQUEST', `no data of before a restore in place is kept in ${cluster}`)

/** Typed, because a habit answers yes. */
async function confirmName(
  io: CommandIo,
  { spec }: OpenCluster,
  confirmed: string | undefined,
  words: readonly string[],
): Promise<void> {
  const typed =
    confirmed ?? (await io.ask(`${words.join(' ')} Type the name of the cluster to go on`))
  if (typed === spec.name) return
  throw new PlatformError('REFUSED_FOR_SAFETY', `${words.join(' ')} Not confirmed.`, {
    hint: `Pass --yes-i-mean-it ${spec.name}. Nothing was touched.`,
  })
}

/** Nothing was moved while somebody still leads with the data of before: who that is by now has everything. */
async function withPresentPrimary(
  record: InPlaceRecord,
  cluster: OpenCluster,
): Promise<InPlaceRecord> {
  if (record.phase !== 'setting-aside') return record
  return { ...record, primary: (await primaryIfAny(cluster)) ?? record.primary }
}

async function primaryIfAny(cluster: OpenCluster): Promise<string | undefined> {
  const observer = createClusterObserver(cluster)
  try {
    return primaryOf(await observer.observe())
  } finally {
    await observer.close()
  }
}

async function primaryNow(cluster: OpenCluster): Promise<string> {
  const primary = await primaryIfAny(cluster)
  if (primary !== undefined) return primary
  throw new PlatformError(
    'REFUSED_FOR_SAFETY',
    'no member is primary: who has all that was acknowledged is not known',
    {
      hint: 'Mend that first (`./neuronha status`), or restore into a new cluster: `./neuronha restore --as NAME`.',
    },
  )
}

/** What reaches the volumes and the repositories. */
async function openRestore(io: CommandIo, cluster: OpenCluster) {
  const { spec, state } = cluster
  const baseDir = (await loadAppliedSource(spec.name))?.baseDir ?? state.root
  const container: RestoreContainer = {
    sides: await restoreSidesOf({ source: spec.name }, cluster, baseDir),
    state,
    image: await buildRestoreImage(io, await observeMachine()),
  }
  const execute = await openRepositoryReader(container)
  return { container, pgbackrest: createPgbackrest(spec.name, execute) }
}

async function whileLocked(
  io: CommandIo,
  cluster: OpenCluster,
  act: (audit: CommandAudit) => Promise<void>,
): Promise<void> {
  await withAudit(io, cluster, async (audit) => {
    const lock = await lockForChange(io, cluster.spec.name, audit.kv)
    try {
      await act(audit)
    } finally {
      await lock.release()
    }
  })
}

const takeDown = (io: CommandIo, cluster: OpenCluster, primary: string): Promise<void> =>
  runStep(io.progress, 'stopping controllers and members, the primary last', () =>
    stopDataTier(cluster, primary),
  )

/** Roles, schemas and settings may be other ones in the database that comes. */
async function forgetWhatWasSetUp(state: StateFolder): Promise<void> {
  const applied = (await loadApplied(state)) ?? { source: null }
  const kept = Object.entries(applied).filter(
    ([part]) => part !== 'databaseSetup' && part !== 'patroniConfig',
  )
  await saveApplied(state, { ...Object.fromEntries(kept), source: applied.source })
}
