/** backup-during-failover: the primary crashes while a full backup is made. The failover does not wait, and the backup is whole. */
import { toPlatformError } from '@neuronha/core/errors.ts'
import { failedOver } from '../checks.ts'
import { isPostmaster, signalProcesses } from '../faults/processes.ts'
import { found, needsRepository, untilSeen } from './backup-parts.ts'
import { agentLoad, findPrimary, PATIENT, serving, startSteps } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** The runner is started by a controller, and begins with a checkpoint. */
const BEGUN_MS = 60_000
/** Tried again twice over by itself, and verified. */
const BACKUP_MS = 600_000

export const backupDuringFailover: Scenario = {
  name: 'backup-during-failover',
  group: 'backups',
  kind: 'failover',
  needsController: true,
  lacks: needsRepository,
  does: 'kills the postmaster of the primary while a full backup is made; another member takes over as ever, and the backup is made and verified all the same',
  blastRadius: 'as primary-crash; one full backup more',
  bounds: { rtoMs: PATIENT.rtoMs, wholeAgainMs: PATIENT.wholeAgainMs + BACKUP_MS },
  load: agentLoad,
  plan: ({ runCommand }, status) => {
    const { name } = findPrimary(status)
    const seen = { began: false, backup: 'it was not asked for' as string | null }
    let asked: Promise<void> | undefined
    const given = new AbortController()
    return Promise.resolve({
      target: name,
      what: `the postmaster of ${name} is killed (SIGKILL) during a backup`,
      heal: startSteps([name]),
      prepare: async (stage) => {
        asked = runCommand(['backup', 'run', '--full'], { killOn: given.signal }).then(
          () => void (seen.backup = null),
          (thrown: unknown) => void (seen.backup = toPlatformError(thrown).message),
        )
        seen.began = await untilSeen(stage, ({ backups }) => backups.running !== null, BEGUN_MS)
        stage.note(seen.began ? 'the backup is being made' : 'no backup was seen to begin')
      },
      inject: async (stage) => {
        try {
          await signalProcesses(name, isPostmaster, 'SIGKILL')
        } catch (thrown) {
          given.abort()
          await asked
          throw thrown
        }
        await asked
        stage.note(seen.backup === null ? 'the backup is made' : 'the backup failed')
      },
      hasReturned: serving([name]),
      checks: [
        failedOver,
        found('a backup was being made', () => (seen.began ? null : 'none was seen')),
        found('the backup is made and verified all the same', () => seen.backup),
      ],
    })
  },
}
