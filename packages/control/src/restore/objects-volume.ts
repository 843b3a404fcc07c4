/** The volume that tables are restored into before they are loaded: it is of one command, and gone with it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { pipeline } from 'node:stream/promises'
import { restoreObjectsReport, type RestoredObjects } from '@neuronha/core/contracts/restore.ts'
import type { RestoreObjectsConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { LABELS, volumeName } from '@neuronha/core/render/compose.ts'
import { MEMBER_VOLUME_DIR } from '@neuronha/core/render/patroni.ts'
import { OBJECTS_DUMP } from '@neuronha/core/render/pgbackrest.ts'
import { renderRestoreObjects } from '@neuronha/core/render/restore.ts'
import { lastWords, runOk } from '@neuronha/runtime/exec.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { createSocketEngine } from '../engine/engine.ts'
import { oneOffCommand, runOneOff, type OneOff } from '../engine/one-off.ts'
import {
  restoreContainerOf,
  writeRestoreFolder,
  type RestoreContainer,
} from './repository-reader.ts'
import { failureOf, LONGEST_MS } from './restore-database.ts'
import { RESTORE_FOLDER } from './restore-order.ts'

const PROGRAM = ['node', '/app/restore-objects.mjs']

export interface ObjectsVolume {
  /** Restores, and leaves nothing but the dump. @throws PlatformError with what the process in the container says. */
  readonly fill: (
    wanted: Omit<RestoreObjectsConfig, 'stanza'>,
    note: (text: string) => void,
  ) => Promise<RestoredObjects>
  /**
   * Loads the dump into a database of a member, in one transaction: all of it is there, or nothing.
   *
   * @throws PlatformError COMMAND_FAILED with what pg_restore said.
   */
  readonly load: (member: string, database: string, owner: string) => Promise<void>
  readonly remove: () => Promise<void>
}

export async function createObjectsVolume(
  container: RestoreContainer,
  signal: AbortSignal,
): Promise<ObjectsVolume> {
  const { spec } = container.sides.target
  const place = restoreContainerOf(container)
  const volume = volumeName(place.name)
  const engine = createSocketEngine({ cluster: spec.name })
  const oneOff: OneOff = restoreContainerOf(container, { [volume]: MEMBER_VOLUME_DIR })
  const remove = async (): Promise<void> => {
    await engine.removeContainer(place.name)
    await engine.removeVolume(volume)
  }
  // What an earlier one left that was killed.
  await remove()
  await runOk('docker', ['volume', 'create', `--label=${LABELS.cluster}=${spec.name}`, volume])
  return {
    fill: async (wanted, note) => {
      const files = renderRestoreObjects(RESTORE_FOLDER, wanted, container.sides)
      await writeRestoreFolder(container.state, files)
      return runProgram(oneOff, { note, signal })
    },
    load: (member, database, owner) =>
      loadDump(oneOff, ['exec', '-i', member, ...restoreCommand(database, owner)], signal),
    remove,
  }
}

async function runProgram(
  oneOff: OneOff,
  { note, signal }: { readonly note: (text: string) => void; readonly signal: AbortSignal },
): Promise<RestoredObjects> {
  const said: { result?: RestoredObjects; failure?: PlatformError } = {}
  const ended = await runOneOff(oneOff, PROGRAM, {
    ...{ timeoutMs: LONGEST_MS, signal },
    onLine: (line) => {
      const report = parseRecord(restoreObjectsReport, line)
      if (report === undefined) return
      if (report.say === 'copying') note(`copying, ${Math.round(report.percent)} %`)
      else if (report.say === 'replaying')
        note(report.segment === null ? 'replaying WAL' : `replaying WAL, at ${report.segment}`)
      else if (report.say === 'dumping') note('taking them out')
      else if (report.say === 'done') said.result = report.result
      else said.failure = failureOf(report)
    },
  })
  if (said.result !== undefined) return said.result
  throw (
    said.failure ??
    new PlatformError('BACKUP_FAILED', `the restore ended without a result: ${lastWords(ended)}`)
  )
}

/** Whoever owns the database owns what comes into it. */
const restoreCommand = (database: string, owner: string): readonly string[] => [
  'pg_restore',
  '--username=postgres',
  `--dbname=${database}`,
  '--single-transaction',
  '--exit-on-error',
  '--no-owner',
  '--no-privileges',
  `--role=${owner}`,
]

/** From the volume through this process: the copy's container and the members never meet. */
async function loadDump(
  oneOff: OneOff,
  into: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const read = await oneOffCommand(oneOff, ['cat', OBJECTS_DUMP])
  const source = spawn('docker', read, { stdio: ['ignore', 'pipe', 'inherit'], signal })
  const sink = spawn('docker', into, { stdio: ['pipe', 'ignore', 'pipe'], signal })
  let words = ''
  sink.stderr.on('data', (chunk: Buffer) => (words = `${words}${chunk.toString()}`.slice(-4000)))
  const [broken, [read_], [loaded]] = await Promise.all([
    pipeline(source.stdout, sink.stdin).catch(toPlatformError),
    once(source, 'close') as Promise<[number | null]>,
    once(sink, 'close') as Promise<[number | null]>,
  ])
  if (read_ === 0 && loaded === 0) return
  // pg_restore knows best; a pipe that broke is what followed.
  const why = words.trim() === '' && broken !== undefined ? broken.message : words
  throw new PlatformError(
    'COMMAND_FAILED',
    `they could not be loaded: ${lastWords({ stdout: '', stderr: why })}`,
    {
      hint: 'Nothing of them is there: it is one transaction. What a schema needs from others may be gone; take its tables alone with --table.',
    },
  )
}
