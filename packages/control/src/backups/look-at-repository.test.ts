import type { BackupEntry, RepositoryState } from '@neuronha/core/contracts/backups.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { expect, it } from 'vitest'
import { lookAt } from './look-at-repository.ts'
import type { RepositoryContents } from './pgbackrest.ts'

const HERE = { name: 'repo1', place: 'backups/ at store.example.org' }

const aBackup = (n: number): BackupEntry => ({
  label: `20261128-${String(n).padStart(6, '0')}F`,
  kind: 'full',
  started_at: '2026-11-28T10:00:00.000Z',
  ended_at: '2026-11-28T10:00:09.000Z',
  start_lsn: '0/7000028',
  start_wal: '000000010000000000000007',
  stop_lsn: '0/7001108',
  database_bytes: 1,
  stored_bytes: 1,
  has_errors: false,
  verification: null,
})
const holding = (...backups: BackupEntry[]) => ({
  info: (): Promise<RepositoryContents> =>
    Promise.resolve({ wal_from: null, wal_to: null, gaps: [], backups }),
})
const away = {
  info: () => Promise.reject(new PlatformError('BACKUP_FAILED', 'no answer (Connection refused)')),
}
const verdict = { at: '2026-11-28T11:00:00.000Z', ok: false, detail: 'files: 1 missing' }
const withVerdict = (state: RepositoryState): RepositoryState => ({
  ...state,
  backups: state.backups.map((backup) => ({ ...backup, verification: verdict })),
})

it('what is known of a repository outlives its being away, verdicts above all', async () => {
  const first = withVerdict(await lookAt(HERE, undefined, holding(aBackup(1))))
  const missed = await lookAt(HERE, first, away)
  expect(missed).toEqual({ ...first, ok: false, detail: 'no answer (Connection refused)' })
  const back = await lookAt(HERE, missed, holding(aBackup(1), aBackup(2)))
  expect(back.backups.map(({ verification }) => verification)).toEqual([verdict, null])
  expect([back.ok, back.detail]).toEqual([true, ''])
})

it('of very many backups the oldest and the newest are told, and how many there are', async () => {
  const many = Array.from({ length: 5000 }, (_, n) => aBackup(n))
  const { backups, backups_total: total } = await lookAt(HERE, undefined, holding(...many))
  expect([backups[0]?.label, backups.at(-1)?.label]).toEqual([many[0]?.label, many.at(-1)?.label])
  expect(total).toBe(5000)
  expect(JSON.stringify(backups).length).toBeLessThan(300_000)
})
