/** `maintenance on|off|show`: holds the controllers back while people work on the cluster. */
import type { Maintenance } from '@neuronha/core/contracts/coordination.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import {
  changeMaintenance,
  describeMaintenance,
  readMaintenance,
  type MaintenanceChange,
} from '../coordination/maintenance.ts'
import { duration } from '../observe/words.ts'
import { actorHere, withAudit, type CommandAudit } from './audit.ts'
import { openCluster, type ClusterChoice, type CommandIo } from './context.ts'

export interface MaintenanceOnOptions extends ClusterChoice {
  readonly why: string
}

const WHAT_IT_MEANS =
  'The controllers repair nothing until `./neuronha maintenance off`; Patroni alone still fails over.'

/** Begins maintenance, or changes who and why of one that is on; it then goes on since when it began. */
export async function maintenanceOn(io: CommandIo, options: MaintenanceOnOptions): Promise<void> {
  const why = options.why.trim()
  if (why === '') {
    throw new PlatformError('USAGE', '--why is empty', {
      hint: 'Say what is done, for those who wonder: --why "new disks in host-2"',
    })
  }
  await change(
    io,
    options,
    (before) => ({ by: actorHere(), why, since: before?.since ?? new Date().toISOString() }),
    ({ before, after }) =>
      before === null
        ? `Maintenance is ${describeMaintenance(after)}.\n${WHAT_IT_MEANS}`
        : `Maintenance was on already and goes on: ${describeMaintenance(after)}.\nBefore: by ${before.by}: ${before.why}`,
  )
}

export async function maintenanceOff(io: CommandIo, choice: ClusterChoice): Promise<void> {
  await change(
    io,
    choice,
    () => null,
    ({ before }) =>
      before === null
        ? 'Maintenance was off already.'
        : `Maintenance is off; it was ${describeMaintenance(before)}.`,
  )
}

export async function maintenanceShow(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const cluster = await openCluster(io, choice)
  await withAudit(io, cluster, async ({ kv }) => {
    const found = await reachingEtcd(() => readMaintenance(kv, cluster.spec.name))
    io.out(
      io.json
        ? JSON.stringify({ cluster: cluster.spec.name, maintenance: found }, null, 2)
        : found === null
          ? 'Maintenance is off.'
          : `Maintenance is ${describeMaintenance(found)}.\n${WHAT_IT_MEANS}`,
    )
  })
}

async function change<After extends Maintenance | null>(
  io: CommandIo,
  choice: ClusterChoice,
  decide: (before: Maintenance | null) => After,
  describe: (change: MaintenanceChange<After>) => string,
): Promise<void> {
  const cluster = await openCluster(io, choice)
  const { name } = cluster.spec
  await withAudit(io, cluster, async ({ kv, record }) => {
    const changed = await reachingEtcd(() => changeMaintenance(kv, name, decide))
    recordChange(record, changed)
    const { before, after } = changed
    io.out(
      io.json
        ? JSON.stringify({ cluster: name, maintenance: after, before }, null, 2)
        : describe(changed),
    )
  })
}

function recordChange(record: CommandAudit['record'], { before, after }: MaintenanceChange): void {
  const evidence = { before: before ?? null, after: after ?? null }
  if (after === null) {
    if (before === null) return
    const lasted = duration(Date.now() - Date.parse(before.since))
    const summary = `Maintenance is over after ${lasted}: ${before.why}`
    record({ kind: 'maintenance.off', summary, evidence })
    return
  }
  record({
    kind: before === null ? 'maintenance.on' : 'maintenance.updated',
    severity: 'warning',
    summary: `Maintenance ${before === null ? 'begins' : 'goes on'}: ${after.why}`,
    evidence,
  })
}

const reachingEtcd = async <T>(act: () => Promise<T>): Promise<T> => {
  try {
    return await act()
  } catch (cause) {
    if (cause instanceof PlatformError && cause.code === 'UNAVAILABLE') {
      throw new PlatformError('UNAVAILABLE', 'maintenance is kept in etcd, which does not answer', {
        hint: '`./neuronha status` shows which etcd members are away; nothing was changed.',
        cause,
      })
    }
    throw cause
  }
}
