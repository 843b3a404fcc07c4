import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { silentProgress } from '../setup/progress.ts'
import type { DrillRecords } from './drill-records.ts'
import { HealBook } from './finaliser.ts'
import { createFolderRecords } from './records-in-folder.ts'

let folder = ''
let records: DrillRecords
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-finaliser-'))
  const database = { keepResult: () => Promise.resolve() }
  records = createFolderRecords(folder, { database, progress: silentProgress })
})
afterEach(() => rm(folder, { recursive: true, force: true }))

const aBook = (): HealBook =>
  new HealBook(records, {
    drill: 'primary-crash',
    run: 'primary-crash-0123abcd',
    startedAt: '2026-11-23T03:00:00.000Z',
    workDir: join(folder, '.run'),
  })

it('is on disk before the fault is made, with the newest fault mended first', async () => {
  const book = aBook()
  await book.note('load', [{ kind: 'remove', container: 'loadgen' }])
  await book.note('primary-frozen', [{ kind: 'unpause', container: 'member-1' }])
  expect((await records.loadUnfinished())?.heal).toEqual([
    { kind: 'unpause', container: 'member-1' },
    { kind: 'remove', container: 'loadgen' },
  ])
})

it('forgets what was mended and keeps what was not', async () => {
  const book = aBook()
  await Promise.all([
    book.note('a', [{ kind: 'start', container: 'member-1' }]),
    book.note('b', [{ kind: 'start', container: 'member-2' }]),
    book.setSessions(['s-1']),
    book.strikeOut('a'),
  ])
  const left = await records.loadUnfinished()
  expect(left?.heal).toEqual([{ kind: 'start', container: 'member-2' }])
  expect(left?.sessions).toEqual(['s-1'])
})

it('is nothing when nothing was left', async () => {
  await aBook().note('load', [])
  await records.clearUnfinished()
  expect(await records.loadUnfinished()).toBeUndefined()
})
