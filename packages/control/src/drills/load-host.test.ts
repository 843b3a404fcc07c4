import { appendFile, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { LedgerLine } from '@neuronha/core/config/loadgen.ts'
import { followLoad } from './load-host.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-load-'))
})
afterEach(() => rm(folder, { recursive: true }))

const THE_END = {
  event: 'end',
  atMs: 1000,
  scheduledUntilMs: 1000,
  reason: 'asked to stop',
} as const satisfies LedgerLine

/** One that has ended when it is looked for, after it wrote these lines. */
async function aLoadThatEnds(lines: readonly LedgerLine[]) {
  const ledgerFile = join(folder, 'ledger.jsonl')
  await appendFile(ledgerFile, '')
  const load = followLoad(
    {
      isRunning: async () => {
        for (const line of lines) await appendFile(ledgerFile, `${JSON.stringify(line)}\n`)
        return false
      },
      lastWords: () => Promise.resolve('killed'),
      end: () => Promise.resolve(),
      remove: () => Promise.resolve(),
    },
    ledgerFile,
  )
  return load
}

test('a load that ends while it is looked for has done its work', async () => {
  const load = await aLoadThatEnds([THE_END])
  await expect(load.stop()).resolves.toBeUndefined()
})

test('a load that is gone without its last line has not', async () => {
  const load = await aLoadThatEnds([])
  await expect(load.stop()).rejects.toThrow('cannot do its work: killed')
})
