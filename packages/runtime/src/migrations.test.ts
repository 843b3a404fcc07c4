import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { planMigrations, readMigrations, type Migration } from './migrations.ts'

const aMigration = (version: number, checksum = `sum ${version}`): Migration => ({
  version,
  name: `step_${version}`,
  text: 'SELECT 1',
  checksum,
})

describe('planMigrations', () => {
  it('gives what is not applied yet, in order', () => {
    const known = [aMigration(1), aMigration(2), aMigration(3)]
    expect(planMigrations(known, [aMigration(1)]).map(({ version }) => version)).toEqual([2, 3])
    expect(planMigrations(known, known)).toEqual([])
  })

  it('refuses a schema that is newer than the code', () => {
    expect(() => planMigrations([aMigration(1)], [aMigration(1), aMigration(2)])).toThrow(
      expect.objectContaining({ code: 'SCHEMA_TOO_NEW' }) as Error,
    )
  })

  it('refuses a file that was changed after it was applied', () => {
    expect(() => planMigrations([aMigration(1, 'new')], [aMigration(1, 'old')])).toThrow(
      expect.objectContaining({ code: 'MIGRATION_FAILED' }) as Error,
    )
  })
})

describe('readMigrations', () => {
  it('refuses a number that is missing or taken twice', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'migrations-'))
    try {
      await writeFile(join(directory, '0001_first.sql'), 'SELECT 1')
      await writeFile(join(directory, '0003_third.sql'), 'SELECT 3')
      await expect(readMigrations(directory)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' })
      await writeFile(join(directory, '0002_second.sql'), 'SELECT 2')
      const names = (await readMigrations(directory)).map(({ name }) => name)
      expect(names).toEqual(['first', 'second', 'third'])
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
