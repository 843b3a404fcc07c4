/**
 * What a command that changes the cluster leaves in the audit log, and what it is told first: that maintenance is
 * on. Best effort all through: a cluster without etcd must still be mended, and the record is no reason to fail.
 */
import { hostname } from 'node:os'
import type { Maintenance, NewEvent } from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { invokingUser } from '@neuronha/runtime/load-config.ts'
import { createSilentLogger } from '@neuronha/runtime/logger.ts'
import { describeMaintenance, readMaintenance } from '../coordination/maintenance.ts'
import { createEventLog } from '../events/create-event-log.ts'
import type { PagedKv } from '../etcd/kv.ts'
import type { CommandIo, OpenCluster } from './context.ts'
import { openKv } from './open-kv.ts'

/** user@machine: who the audit log names for what a command did. */
export const actorHere = (): string => `${invokingUser()}@${hostname()}`

export interface CommandAudit {
  readonly kv: PagedKv
  /** Notes what the command did. */
  readonly record: (event: NewEvent) => void
  /** Says on the terminal that maintenance is on, if it is. Resolves to null also when etcd does not answer. */
  readonly sayMaintenance: () => Promise<Maintenance | null>
  /** Waits until what was recorded is in etcd, or says that it is not. */
  readonly close: () => Promise<void>
}

const FLUSH_MS = 2000
const READ_MS = 1500

/** The audit log of one command; needs the credentials' folder, connects when it is first used. */
export function openAudit(io: CommandIo, cluster: OpenCluster): CommandAudit {
  const { kv, close } = openKv(cluster)
  const name = cluster.spec.name
  const log = createEventLog({
    kv,
    cluster: name,
    source: 'cli',
    actor: actorHere(),
    logger: createSilentLogger(),
  })
  return {
    kv,
    record: (event) =>
      log.record({ ...event, evidence: { command: io.commandLine, ...event.evidence } }),
    sayMaintenance: async () => {
      const asked = readMaintenance(kv, name).catch(() => null)
      const found = await Promise.race([asked, sleep(READ_MS).then(() => null)])
      if (found !== null) io.warn(`Maintenance is ${describeMaintenance(found)}`)
      return found
    },
    close: async () => {
      await log.flush(FLUSH_MS)
      const missing = log.waiting()
      if (missing > 0) {
        const events = missing === 1 ? '1 event is' : `${missing} events are`
        io.warn(`${events} missing from the audit log: etcd does not answer`)
      }
      await log.close()
      await close()
    },
  }
}

/** Runs `act` with an audit log. */
export async function withAudit<T>(
  io: CommandIo,
  cluster: OpenCluster,
  act: (audit: CommandAudit) => Promise<T>,
): Promise<T> {
  const audit = openAudit(io, cluster)
  try {
    return await act(audit)
  } finally {
    await audit.close()
  }
}

/** Records one event of an act: what it came to, or how it failed. The failure is passed on. */
export async function recordOutcome<T>(
  audit: Pick<CommandAudit, 'record'>,
  kind: string,
  act: () => Promise<T>,
  /** Undefined: nothing was changed, nothing is recorded. */
  describe: (result: T) => Omit<NewEvent, 'kind'> | undefined,
): Promise<T> {
  try {
    const result = await act()
    const event = describe(result)
    if (event !== undefined) audit.record({ kind, ...event })
    return result
  } catch (thrown) {
    const { code, message } = toPlatformError(thrown)
    const summary = `${kind.slice(kind.indexOf('.') + 1)} failed: ${message}`
    audit.record({ kind, severity: 'warning', summary, evidence: { code } })
    throw thrown
  }
}
