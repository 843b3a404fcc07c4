/**
 * The load generator of drills: one container in the cluster's network. `node main.mjs [config.json]`.
 * Stops by itself after its time; SIGTERM ends the load early and finishes what is in flight.
 */
import { readFileSync } from 'node:fs'
import process from 'node:process'
import { LOADGEN_PATHS, loadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import { generateLoad } from './generate-load.ts'
import { LedgerWriter } from './ledger-writer.ts'

const announce = (line: object): void => {
  process.stdout.write(`${JSON.stringify(line)}\n`)
}

const configFile = process.argv[2] ?? LOADGEN_PATHS.config
const config = loadgenConfig.parse(JSON.parse(readFileSync(configFile, 'utf8')))
const ledger = new LedgerWriter(config.ledgerFile)
const stop = new AbortController()
process.on('SIGTERM', () => stop.abort())
process.on('SIGINT', () => stop.abort())
try {
  await generateLoad({ config, ledger, signal: stop.signal, announce })
} catch (thrown) {
  const line = { event: 'failed', message: toPlatformError(thrown).message } as const
  ledger.append(line)
  announce(line)
  process.exitCode = 1
} finally {
  ledger.close()
}
// Idle keep-alive sockets must not keep a finished run alive.
process.exit()
