/** `backup key`: shows what the backups are encrypted with, and compares a copy of it that is kept elsewhere. */
import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { compareCopy, comparedCopy } from '../state/backup-key.ts'
import { actorHere } from './audit.ts'
import { assertHasRepository } from './backup.ts'
import { openCluster, type ClusterChoice, type CommandIo } from './context.ts'

/** Standard input, as other programs name it. */
const STANDARD_INPUT = '-'

/**
 * Without `copy` the key itself; with it, a file or `-`, whether that has the same text.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY without a repository; BAD_REQUEST when the copy cannot be read or differs.
 */
export async function backupKey(
  io: CommandIo,
  choice: ClusterChoice,
  copy: string | undefined,
): Promise<void> {
  const cluster = await openCluster(io, choice)
  assertHasRepository(cluster)
  const { state, secrets, spec } = cluster
  if (copy !== undefined) {
    const compared = await compareCopy(state, secrets, await readCopy(copy), actorHere())
    if (compared === undefined) throw differs(spec.name, copy)
    io.out(
      io.json
        ? JSON.stringify({ comparedCopy: compared }, null, 2)
        : `This is the key of the backups of ${spec.name}. Keep it where it is.`,
    )
    return
  }
  const compared = await comparedCopy(state, secrets)
  const key = secrets.backup.cipherPass
  io.out(io.json ? JSON.stringify({ key, comparedCopy: compared ?? null }, null, 2) : key)
  io.progress.say(
    compared === undefined
      ? 'Without it no backup can be read. Keep a copy away from this machine, then have the copy compared: `./neuronha backup key --compare FILE`, or `-` to paste it.'
      : `A copy of it was compared by ${compared.by} on ${compared.at.slice(0, 10)}.`,
  )
}

async function readCopy(copy: string): Promise<string> {
  try {
    return copy === STANDARD_INPUT ? await text(process.stdin) : await readFile(copy, 'utf8')
  } catch (cause) {
    throw new PlatformError(
      'BAD_REQUEST',
      `the copy ${copy} cannot be read: ${toPlatformError(cause).message}`,
      { cause, hint: 'Name a file with the key in it, or - to paste it.' },
    )
  }
}

const differs = (cluster: string, copy: string): PlatformError =>
  new PlatformError(
    'BAD_REQUEST',
    `${copy === STANDARD_INPUT ? 'what was pasted' : copy} is not the key of the backups of ${cluster}: they could not be read with it`,
    { hint: 'Copy it again from what `./neuronha backup key` prints.' },
  )
