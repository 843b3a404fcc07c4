/**
 * The key that the backups of a cluster are encrypted with, and whether a copy of it is known to be somewhere else. Known
 * means that a copy was read and compared: a note that somebody wrote it down proves nothing on the worst day.
 */
import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { readTextIfThere, writeAtomically, type StateFolder } from './state-folder.ts'

/** A copy that had the same text as the key. */
export interface ComparedCopy {
  /** ISO 8601. */
  readonly at: string
  /** `user@machine`. */
  readonly by: string
}

interface Note extends ComparedCopy {
  /** SHA-256 of the key that it was compared with; another key makes the note worthless. */
  readonly key: string
}

const noteFile = ({ root }: StateFolder): string => join(root, 'backup-key-copy.json')

const hashOf = ({ backup }: ClusterSecrets): string =>
  createHash('sha256').update(backup.cipherPass).digest('hex')

/** Of this very key; undefined: none was compared yet. */
export async function comparedCopy(
  state: StateFolder,
  secrets: ClusterSecrets,
): Promise<ComparedCopy | undefined> {
  const text = await readTextIfThere(noteFile(state))
  if (text === undefined) return undefined
  const { key, at, by } = JSON.parse(text) as Note
  return key === hashOf(secrets) ? { at, by } : undefined
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
  const note: Note = { ...compared, key: hashOf(secrets) }
  await writeAtomically(noteFile(state), `${JSON.stringify(note, null, 2)}\n`, 0o600)
  return compared
}
