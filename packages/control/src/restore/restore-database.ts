/**
 * Brings a database back before any of its members runs: one that starts with nothing would make an empty one. One member
 * gets the data and leads; all others copy from it, as new members do.
 */
import {
  restoreReport,
  type RestoreFailure,
  type RestoreOrder,
  type RestoreResult,
} from '@neuronha/core/contracts/restore.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { ERROR_KINDS, PlatformError, type ErrorCode } from '@neuronha/core/errors.ts'
import { volumeName } from '@neuronha/core/render/compose.ts'
import { MEMBER_VOLUME_DIR } from '@neuronha/core/render/patroni.ts'
import { renderRestore } from '@neuronha/core/render/restore.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { lastWords } from '@neuronha/runtime/exec.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { targetWords } from '../backups/restore-arguments.ts'
import { composeCreate } from '../engine/compose.ts'
import { runOneOff } from '../engine/one-off.ts'
import { bytes, duration } from '../observe/words.ts'
import {
  restoreContainerOf,
  writeRestoreFolder,
  type RestoreContainer,
} from './repository-reader.ts'
import { RESTORE_FOLDER } from './restore-order.ts'

/** A database of terabytes takes a day. */
export const LONGEST_MS = 48 * 3_600_000
const PROGRAM = ['node', '/app/restore.mjs']

export interface RestoreDatabaseOptions extends RestoreContainer {
  readonly order: RestoreOrder
  readonly note: (text: string) => void
  readonly signal: AbortSignal
}

/**
 * Restores into the member's volume; the member does not run yet. Interrupted, it can be called again.
 *
 * @throws PlatformError with the code, reason and way out that the process in the container says.
 */
export async function restoreDatabase(options: RestoreDatabaseOptions): Promise<RestoreResult> {
  const { order, sides, state, note, signal } = options
  const { member } = order
  // So that the volume is Compose's own.
  await composeCreate(state, [member], signal)
  await writeRestoreFolder(state, renderRestore(RESTORE_FOLDER, order, sides))
  const volumes = { [volumeName(member)]: MEMBER_VOLUME_DIR }
  const said: { result?: RestoreResult; failure?: PlatformError } = {}
  const ended = await runOneOff(restoreContainerOf(options, volumes), PROGRAM, {
    timeoutMs: LONGEST_MS,
    signal,
    onLine: (line) => {
      const report = parseRecord(restoreReport, line)
      if (report === undefined) return
      if (report.say === 'copying') note(`copying, ${Math.round(report.percent)} %`)
      else if (report.say === 'replaying')
        note(report.segment === null ? 'replaying WAL' : `replaying WAL, at ${report.segment}`)
      else if (report.say === 'done') said.result = report.result
      else said.failure = failureOf(report)
    },
  })
  if (said.result !== undefined) return said.result
  throw (
    said.failure ??
    new PlatformError('BACKUP_FAILED', `the restore ended without a result: ${lastWords(ended)}`, {
      hint: 'Run the same command again: it begins anew.',
    })
  )
}

/** The one that gets what is restored, where none has data. */
export const firstMember = (spec: ClusterSpec): string =>
  assertPresent(containersOf(spec, 'member')[0], 'a member').name

/** What the process in the container said, as it would have been thrown here. */
export const failureOf = ({
  code,
  message,
  hint,
}: Pick<RestoreFailure, 'code' | 'message' | 'hint'>): PlatformError =>
  new PlatformError(
    isErrorCode(code) ? code : 'BACKUP_FAILED',
    message,
    hint === null ? {} : { hint },
  )

const isErrorCode = (code: string): code is ErrorCode => code in ERROR_KINDS

/** `backup 20261129-0100F, up to 2026-11-29 01:20:31 UTC: 38 MB copied in 4.0 s, WAL replayed in 2.1 s`. */
export function describeRestore(order: RestoreOrder, result: RestoreResult): string {
  if (result.already) return `it was complete already, ${targetWords(order.target)}`
  const { backup, recovered_to, database_bytes, restore_ms, replay_ms, timeline } = result
  if (order.resumes) return `the data of before the restore goes on in timeline ${timeline ?? '?'}`
  const reached =
    recovered_to === null
      ? 'no transaction after it'
      : `last commit ${recovered_to.replace('T', ' ').replace('Z', ' UTC')}`
  return [
    `backup ${backup ?? ''}, ${reached}`,
    `${bytes(database_bytes ?? 0)} copied in ${duration(restore_ms ?? 0)}, WAL replayed in ${duration(replay_ms ?? 0)}`,
  ].join(': ')
}
