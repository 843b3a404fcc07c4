import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { compareCopy, comparedCopy } from './backup-key.ts'
import { stateFolderOf, type StateFolder } from './state-folder.ts'

let state: StateFolder
beforeEach(async () => {
  state = { ...stateFolderOf('demo'), root: await mkdtemp(join(tmpdir(), 'neuronha-key-')) }
})
afterEach(() => rm(state.root, { recursive: true, force: true }))

const withKey = (cipherPass: string) => ({ backup: { cipherPass } }) as ClusterSecrets

test('a copy of the key counts once it was compared, and only while the key is the same', async () => {
  const secrets = withKey('s3cret')
  expect(await comparedCopy(state, secrets)).toBeUndefined()
  const compared = await compareCopy(state, secrets, ' s3cret\n', 'ana@host-1')
  expect(compared).toMatchObject({ by: 'ana@host-1' })
  expect(await comparedCopy(state, secrets)).toEqual(compared)
  expect(await comparedCopy(state, withKey('another'))).toBeUndefined()
})

test('a copy with another text does not count, and does not undo one that did', async () => {
  const secrets = withKey('s3cret')
  const compared = await compareCopy(state, secrets, 's3cret', 'ana@host-1')
  expect(await compareCopy(state, secrets, 's3cre', 'ana@host-1')).toBeUndefined()
  expect(await compareCopy(state, secrets, '', 'ana@host-1')).toBeUndefined()
  expect(await comparedCopy(state, secrets)).toEqual(compared)
})

test('a note that cannot be read counts for nothing, and is written anew', async () => {
  const secrets = withKey('s3cret')
  for (const rubbish of ['', '{"key":', '[]', '{"at":1}']) {
    await writeFile(join(state.root, 'backup-key-copy.json'), rubbish)
    expect(await comparedCopy(state, secrets)).toBeUndefined()
  }
  const compared = await compareCopy(state, secrets, 's3cret', 'ana@host-1')
  expect(await comparedCopy(state, secrets)).toEqual(compared)
})
