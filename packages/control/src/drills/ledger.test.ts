import { mkdtemp, appendFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { LedgerReader, parseLedger } from './ledger.ts'
import { aDone, anEnd } from './testing.ts'

const text = [aDone(), anEnd(100)].map((line) => `${JSON.stringify(line)}\n`).join('')

it('keeps half a last line for later', () => {
  const cut = text.length - 10
  const { lines, rest } = parseLedger(text.slice(0, cut))
  expect(lines).toEqual([aDone()])
  expect(parseLedger(rest + text.slice(cut)).lines).toEqual([anEnd(100)])
})

it('refuses a line that is not of the ledger', () => {
  expect(() => parseLedger('{"event":"gossip"}\n')).toThrow()
})

it('reads a growing file once, also when asked twice at the same time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ledger-'))
  const path = join(folder, 'ledger.jsonl')
  const reader = new LedgerReader(path)
  expect(await reader.readNew()).toEqual([])
  await appendFile(path, text.slice(0, 30))
  await reader.readNew()
  await appendFile(path, text.slice(30))
  await Promise.all([reader.readNew(), reader.readNew()])
  expect(reader.lines).toEqual([aDone(), anEnd(100)])
  await rm(folder, { recursive: true })
})
