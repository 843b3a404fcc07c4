import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { RestoreObjectsConfig } from '@neuronha/core/config/processes.ts'
import { schemasOf } from './objects-sql.ts'
import { restoreObjects } from './restore-objects.ts'
import type { RestoredCopy } from './restored-copy.ts'
import { aBackup, FakeCopy } from './testing.ts'

const CONFIG: RestoreObjectsConfig = {
  stanza: 'demo',
  repository: 'repo1',
  backup: null,
  target: { kind: 'latest' },
  objects: {
    database: 'shop',
    tables: [{ schema: 'public', name: 'orders' }],
    schemas: ['billing'],
    suffix: '_restored_1',
  },
}
const ORDERS = { schema: 'public', name: 'orders', into: 'public_restored_1', rows: 12 }
const ANSWERS = {
  pg_control_checkpoint: '3 0/9000000 2026-11-29T10:00:00.000Z',
  missing: '[]',
  left_out: '{"foreignKeys": 1, "triggers": 0}',
  query_to_xml: JSON.stringify([ORDERS]),
}

let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-'))
  await writeFile(join(folder, 'objects.dump'), 'dump')
})
afterAll(() => rm(folder, { recursive: true }))

function anObjectsRestore({
  broken = null,
  answers = ANSWERS,
  free = 1e12,
}: {
  readonly broken?: keyof RestoredCopy | null
  readonly answers?: Readonly<Record<string, string>>
  readonly free?: number
} = {}) {
  const copy = new FakeCopy()
  copy.answers = answers
  copy.broken = broken
  const restored = restoreObjects({
    config: CONFIG,
    pgbackrest: {
      info: () => Promise.resolve({ backups: [aBackup('20261128-185901F')] } as never),
    },
    copy,
    place: { freeBytes: () => Promise.resolve(free) },
    file: join(folder, 'objects.dump'),
    say: () => undefined,
  })
  return { copy, restored }
}

describe('tables out of the backups', () => {
  it('are dumped out of a copy of their database alone, which is gone afterwards', async () => {
    const { copy, restored } = anObjectsRestore()
    expect(await restored).toMatchObject({
      tables: [ORDERS],
      left_out: { foreignKeys: 1, triggers: 0 },
      dump_bytes: 4,
      recovered_to: '2026-11-29T10:00:00.000Z',
    })
    expect(copy.acts[0]).toBe('restore repo1 latest --db-include=shop')
    expect(copy.acts).toContain('dump shop billing_restored_1 public_restored_1')
    expect(copy.acts.at(-1)).toBe('remove')
  })

  it('that were not there at that moment are named, and nothing is dumped', async () => {
    const { copy, restored } = anObjectsRestore({
      answers: { ...ANSWERS, missing: '["schema billing", "table public.orders"]' },
    })
    await expect(restored).rejects.toThrow('had no schema billing and table public.orders')
    expect(copy.acts).not.toContain('dump shop billing_restored_1 public_restored_1')
    expect(copy.acts.at(-1)).toBe('remove')
  })

  it.each(['start', 'ask', 'dump'] as const)(
    'leave no copy behind when %s fails',
    async (broken) => {
      const { copy, restored } = anObjectsRestore({ broken })
      await expect(restored).rejects.toThrow(`${broken} failed`)
      expect(copy.acts.at(-1)).toBe('remove')
    },
  )

  it('are not begun with where there is no room for the copy', async () => {
    const { copy, restored } = anObjectsRestore({ free: 1000 })
    await expect(restored).rejects.toMatchObject({ code: 'NO_SPACE' })
    expect(copy.acts).toEqual([])
  })
})

describe('the schemas that they come into', () => {
  it('are one for each that they were in', () => {
    expect(schemasOf(CONFIG.objects)).toEqual([
      { schema: 'billing', into: 'billing_restored_1' },
      { schema: 'public', into: 'public_restored_1' },
    ])
  })

  it('have names that PostgreSQL takes whole, whatever they were called', () => {
    const long = { tables: [], schemas: ['ä'.repeat(31)], suffix: '_restored_20261129_101500' }
    const [{ into } = { into: '' }] = schemasOf(long)
    expect(Buffer.byteLength(into)).toBeLessThanOrEqual(63)
    expect(into).toMatch(/^ä+_restored_20261129_101500$/)
  })
})
