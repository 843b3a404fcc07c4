/** What `pgbackrest verify --output=text --verbose` says of each backup. Pure. */
import type { Verification } from '@neuronha/core/contracts/backups.ts'

export type Verdict = Pick<Verification, 'ok' | 'detail'>

export interface VerifyAnswer {
  /** By the backup's label; one that could not be looked at is absent. */
  readonly backups: Readonly<Record<string, Verdict>>
  /** What is wrong with the WAL; empty when nothing is. */
  readonly wal: string
  /** Something could not be read: no verdict on it. */
  readonly isIncomplete: boolean
}

/** Counts as it prints them: `missing: 0, checksum invalid: 2, size invalid: 0, other: 0`. The last is what it could not read. */
const DAMAGE = /(missing|checksum invalid|size invalid): ([1-9]\d*)/g
const UNREAD = /other: [1-9]/

const damageIn = (text: string): string =>
  [...text.matchAll(DAMAGE)].map(([, what, count]) => `${count} ${what}`).join(', ')

export function parseVerify(said: string): VerifyAnswer {
  const parts = said.split(/^ *(?=(?:archiveId|backup): )/m)
  const backups: Record<string, Verdict> = {}
  const wal: string[] = []
  // Without a line for a backup it has looked at nothing.
  let isIncomplete = !/^ *backup: /m.test(said)
  for (const part of parts) {
    const damage = damageIn(part)
    if (UNREAD.test(part)) isIncomplete = true
    if (part.startsWith('archiveId: ') && damage !== '') wal.push(damage)
    const [, label, status] = /^backup: (\S+), status: ([\w ]+)/.exec(part) ?? []
    if (label === undefined) continue
    if (damage !== '') backups[label] = { ok: false, detail: `files: ${damage}` }
    else if (status === 'valid') backups[label] = { ok: true, detail: '' }
    else if (!/in-progress/.test(status ?? '')) isIncomplete = true
  }
  return { backups, wal: wal.length === 0 ? '' : `WAL: ${wal.join(', ')}`, isIncomplete }
}
