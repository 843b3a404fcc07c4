/**
 * The key that the backups of a cluster are encrypted with, and whether a copy of it is known to be somewhere else. Known
 * means that a copy was read and compared: a note that somebody wrote it down proves nothing on the worst day.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { parseRecord } from '@neuronha/runtime/parse-record.ts'
import { readTextIfThere, writeAtomically, type StateFolder } from './state-folder.ts'

const note = z.object({
  /** SHA-256 of the key that the copy was compared with; another key makes the note worthless. */
  key: z.string(),
  at: z.iso.datetime(),
  /** `user@machine`. */
  by: z.string(),
})

/** A copy that had the same text as the key. */
export type ComparedCopy = Omit<z.infer<typeof note>, 'key'>

const noteFile = ({ root }: StateFolder): string => join(root, 'backup-key-copy.json')

const hashOf = ({ backup }: ClusterSecrets): string =>
  createHash('sha256').update(backup.cipherPass).digest('hex')

/** Of this very key; undefined: none was compared yet, or nothing readable says so. */
export async function comparedCopy(
  state: StateFolder,
  secrets: ClusterSecrets,
): Promise<ComparedCopy | undefined> {
  const found = parseRecord(note, await readTextIfThere(noteFile(state)))
  return found?.key === hashOf(secrets) ? { at: found.at, by: found.by } : undefined
}

/** Compares a copy with the key, white space around it aside, and remembers that they are the same if so. */
export async function compareCopy(
  state: StateFolder,
  secrets: ClusterSecrets,
  copy: string,
  by: string,
): Promise<ComparedCopy | undefined> {
  if (copy.trim() !== secrets.backup.cipherPass) return undefined
  const compared = { at: new Date().toISOString(), by }
  const text = JSON.stringify({ ...compared, key: hashOf(secrets) }, null, 2)
  await writeAtomically(noteFile(state), `${text}\n`, 0o600)
  return compared
}
