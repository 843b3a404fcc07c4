/** The load generator of a controller's drill: another process of the runner's own container. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import process from 'node:process'
import type { DrillConfig } from '@neuronha/core/config/drill.ts'
import { followLoad, loadgenConfigOf, type Generator, type LoadHost } from '../load-host.ts'

const PROGRAM = '/app/loadgen.mjs'
const HEAP_MB = 128
const LAST_WORDS = 2000

export const createLoadgenProcesses = (
  config: Pick<DrillConfig, 'spec' | 'secrets' | 'edgeCaFile'>,
): LoadHost => ({
  // It ends with its container.
  leftovers: [],
  start: async (options) => {
    const { workDir } = options
    await mkdir(workDir, { recursive: true, mode: 0o700 })
    const ledgerFile = join(workDir, 'ledger.jsonl')
    const configFile = join(workDir, 'config.json')
    const told = loadgenConfigOf(config, options, { edgeCa: config.edgeCaFile, ledgerFile })
    await writeFile(configFile, JSON.stringify(told), { mode: 0o600 })
    return followLoad(startGenerator(configFile, workDir), ledgerFile)
  },
})

function startGenerator(configFile: string, workDir: string): Generator {
  const child = spawn(process.execPath, [`--max-old-space-size=${HEAP_MB}`, PROGRAM, configFile], {
    // The container's own limit is meant for the runner.
    env: {},
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let words = ''
  child.stderr.setEncoding('utf8').on('data', (part: string) => {
    words = (words + part).slice(-LAST_WORDS)
  })
  const ended = once(child, 'close').catch((thrown: unknown) => {
    words = String(thrown)
  })
  const isRunning = (): boolean => child.exitCode === null && child.signalCode === null
  return {
    isRunning: () => Promise.resolve(isRunning()),
    lastWords: () => Promise.resolve(words.trim()),
    end: () => {
      child.kill('SIGTERM')
      return Promise.resolve()
    },
    remove: async () => {
      if (isRunning()) child.kill('SIGKILL')
      await ended
      await rm(workDir, { recursive: true, force: true })
    },
  }
}
