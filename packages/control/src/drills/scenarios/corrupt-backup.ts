/** corrupt-backup: a file of the newest backup is damaged in the store. The verification finds it, and nobody relies on the backup. */
import type { BackupsStatus } from '@neuronha/core/contracts/backups.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { noFailover } from '../checks.ts'
import { damage, largestFileOf } from '../faults/damaged-object.ts'
import {
  assertBackupsAreWell,
  found,
  needsTrialStore,
  newestTrialBackup,
  trialStoreOf,
} from './backup-parts.ts'
import { agentLoad, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

export const corruptBackup: Scenario = {
  name: 'corrupt-backup',
  group: 'backups',
  kind: 'service',
  needsController: true,
  lacks: needsTrialStore,
  does: 'damages a file of the newest backup in the trial store; the verification finds it and the backup counts for nothing, until it is mended and verified again',
  blastRadius: 'for a minute one backup less, and the alert that says so may fire',
  bounds: { rtoMs: 15_000, wholeAgainMs: 600_000 },
  load: agentLoad,
  plan: async ({ spec, runCommand }, status) => {
    const store = trialStoreOf(spec)
    assertBackupsAreWell(status)
    const label = newestTrialBackup(status)
    const path = await largestFileOf(store, label)
    const seen = { verified: 'nobody looked' as string | null, listed: false }
    return {
      target: store,
      what: `a file of the backup ${label} is damaged`,
      heal: [
        { kind: 'mend-object', container: store, path },
        { kind: 'command', args: ['backup', 'verify'] },
      ],
      inject: async (stage) => {
        await damage(store, path)
        seen.verified = await runCommand(['backup', 'verify']).then(
          () => 'the verification found nothing',
          (thrown: unknown) => {
            const { message } = toPlatformError(thrown)
            return message.includes(label) ? null : `it does not name the backup: ${message}`
          },
        )
        const { backups } = await stage.observe()
        const entry = entryOf(backups, label)
        seen.listed = entry?.verification?.ok === false
      },
      keepMs: 0,
      hasReturned: (now) => {
        return serving([store])(now) && entryOf(now.backups, label)?.verification?.ok === true
      },
      checks: [
        noFailover,
        found('the verification finds the damage, and names the backup', () => seen.verified),
        found('the backup is listed as spoiled', () =>
          seen.listed ? null : 'it is listed as if it were whole',
        ),
      ],
    }
  },
}

/** Labels are of one repository alone: they have a time to the second in them. */
const entryOf = ({ state }: BackupsStatus, label: string) =>
  state?.repositories.flatMap(({ backups }) => backups).find((one) => one.label === label)
