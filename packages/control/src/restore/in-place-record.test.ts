import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { stateFolderOf, type StateFolder } from '../state/state-folder.ts'
import {
  assertDataIsInPlace,
  loadInPlace,
  saveInPlace,
  type InPlaceRecord,
} from './in-place-record.ts'
import { loadRestoreOrder } from './restore-order.ts'

let root = ''
let state: StateFolder = stateFolderOf('demo')
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'neuronha-in-place-'))
  state = {
    ...stateFolderOf('demo'),
    inPlaceFile: join(root, 'in-place.json'),
    restoreFile: join(root, 'restore.json'),
  }
})
afterEach(() => rm(root, { recursive: true }))

const aRecord = (phase: InPlaceRecord['phase']): InPlaceRecord => ({
  phase,
  primary: 'demo-member-2',
  target: { kind: 'latest' },
  since: '2026-11-29T10:00:00.000Z',
  by: 'ana@host-1',
})

describe('a restore in place', () => {
  it.each(['restoring', 'kept', 'resuming'] as const)(
    'lets members start when %s',
    async (phase) => {
      await saveInPlace(state, aRecord(phase))
      await assertDataIsInPlace(state)
      expect(await loadInPlace(state)).toEqual(aRecord(phase))
    },
  )

  it('lets them start where there is none', async () => {
    await assertDataIsInPlace(state)
  })

  it.each([
    ['setting-aside', '--in-place'],
    ['putting-back', '--undo'],
  ] as const)(
    'lets nobody start a member while %s, and says what goes on',
    async (phase, command) => {
      await saveInPlace(state, aRecord(phase))
      await expect(assertDataIsInPlace(state)).rejects.toMatchObject({
        code: 'REFUSED_FOR_SAFETY',
        hint: expect.stringContaining(command) as string,
      })
    },
  )

  it('that nobody can read lets nobody start a member either, and so does an order', async () => {
    await writeFile(state.inPlaceFile, '{')
    await expect(assertDataIsInPlace(state)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
    await writeFile(state.restoreFile, '{}')
    await expect(loadRestoreOrder(state)).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
