/** Where the load generator of a drill runs, and how its ledger is followed; the drill does not know more of it. */
import { setTimeout as sleep } from 'node:timers/promises'
import {
  LOADGEN_PATHS,
  loadgenConfig,
  type LedgerLine,
  type LoadgenConfig,
} from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { TLS_PATHS } from '@neuronha/core/render/files.ts'
import { poolerAccessOf } from '@neuronha/core/render/services.ts'
import type { DrillSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { PLATFORM_DATABASE } from '@neuronha/core/topology/roles.ts'
import type { z } from 'zod'
import type { HealStep } from './heal.ts'
import { LedgerReader } from './ledger.ts'
import type { ScenarioLoad } from './scenarios/scenario.ts'

/** Retries of what is in flight, then the sender's own goodbye. */
const STOP_TIMEOUT_MS = 45_000

export interface LoadOptions {
  readonly run: string
  readonly load: ScenarioLoad
  readonly ratePerSecond: number
  readonly seconds: number
  /** The run's private folder; made here, removed by `remove`. */
  readonly workDir: string
}

export interface LoadHost {
  /** Takes a load generator away whose drill died; it also ends by itself in time. */
  readonly leftovers: readonly HealStep[]
  /** It begins by itself and ends by itself after `seconds`. */
  readonly start: (options: LoadOptions) => Promise<RunningLoad>
}

export interface RunningLoad {
  readonly ledger: LedgerReader
  /** Waits until every path has acknowledged something. */
  readonly untilReady: (timeoutMs: number, signal?: AbortSignal) => Promise<void>
  /** Milliseconds since the load began. */
  readonly nowMs: () => number
  /** When the load began, milliseconds since 1970. */
  readonly beganAtMs: () => number
  /** Throws when the generator ended although nobody asked it to. */
  readonly assertRunning: () => Promise<void>
  /** Ends the load, lets it finish its retries, and reads the rest of the ledger. */
  readonly stop: () => Promise<void>
  readonly remove: () => Promise<void>
}

/** The generator as its host sees it. */
export interface Generator {
  readonly isRunning: () => Promise<boolean>
  /** What it said last. */
  readonly lastWords: () => Promise<string>
  /** SIGTERM: it finishes what is in flight. */
  readonly end: () => Promise<void>
  /** Gone, with the run's folder. */
  readonly remove: () => Promise<void>
}

/**
 * New connections per second: enough to see a gap of a second, and never so many that logins alone keep a small machine
 * from getting up again, since each costs it a process and two handshakes.
 */
const connectRateOf = (ratePerSecond: number): number =>
  Math.min(5, Math.max(1, ratePerSecond / 10))

/** What the load generator is told: a pure function of the cluster and the scenario. */
export function loadgenConfigOf(
  { spec, secrets }: { readonly spec: ClusterSpec; readonly secrets: DrillSecrets },
  { run, load, ratePerSecond, seconds }: Omit<LoadOptions, 'workDir'>,
  files: Pick<z.input<typeof loadgenConfig>, 'ledgerFile'> & { readonly edgeCa: string } = {
    edgeCa: LOADGEN_PATHS.edgeCa,
  },
): LoadgenConfig {
  return loadgenConfig.parse({
    cluster: spec.name,
    run,
    ratePerSecond,
    seconds,
    paths: load.paths,
    edge: {
      urls: addressesOf(spec, 'edge').map((address) => `https://${address}:${PORTS.edgeHttps}`),
      serverName: spec.edge.hostnames[0] ?? 'localhost',
      caFile: files.edgeCa,
    },
    target: load.target,
    sql: poolerAccessOf(spec, secrets, 'drill'),
    connect:
      load.newConnections === true
        ? {
            routers: addressesOf(spec, 'router').map((address) => ({
              address,
              port: PORTS.routerWrite,
            })),
            database: PLATFORM_DATABASE,
            ratePerSecond: connectRateOf(ratePerSecond),
          }
        : null,
    tls: { caFile: TLS_PATHS.ca, certificateFile: TLS_PATHS.certificate, keyFile: TLS_PATHS.key },
    ...(files.ledgerFile === undefined ? {} : { ledgerFile: files.ledgerFile }),
  } satisfies z.input<typeof loadgenConfig>)
}

export function followLoad(generator: Generator, ledgerFile: string): RunningLoad {
  const ledger = new LedgerReader(ledgerFile)
  const hasLine = (event: LedgerLine['event']): boolean =>
    ledger.lines.some((line) => line.event === event)
  const beganAtMs = (): number => {
    const start = ledger.lines.find((line) => line.event === 'start')
    return start?.event === 'start' ? start.wallMs : Date.now()
  }
  const assertRunning = async (): Promise<void> => {
    await ledger.readNew()
    const failed = ledger.lines.find((line) => line.event === 'failed')
    if (failed?.event === 'failed') throw loadFailed(failed.message)
    if (hasLine('end') || (await generator.isRunning())) return
    // Its last line may have come after we read, and before it ended.
    await ledger.readNew()
    if (!hasLine('end')) throw loadFailed(await generator.lastWords())
  }
  const untilReady: RunningLoad['untilReady'] = async (timeoutMs, signal) => {
    const deadlineMs = performance.now() + timeoutMs
    while (!hasLine('ready')) {
      await assertRunning()
      if (performance.now() > deadlineMs)
        throw loadFailed(`nothing was acknowledged within ${timeoutMs} ms`)
      await sleep(200, undefined, signal === undefined ? {} : { signal })
    }
  }
  const stop = async (): Promise<void> => {
    await generator.end()
    const deadlineMs = performance.now() + STOP_TIMEOUT_MS
    while (!hasLine('end') && performance.now() < deadlineMs) {
      await assertRunning()
      await sleep(200)
    }
    if (!hasLine('end')) throw loadFailed('it did not finish its requests in time')
  }
  const nowMs = (): number => Date.now() - beganAtMs()
  return { ledger, untilReady, nowMs, beganAtMs, assertRunning, stop, remove: generator.remove }
}

const loadFailed = (why: string): PlatformError =>
  new PlatformError('DRILL_FAILED', `the load generator cannot do its work: ${why}`, {
    hint: 'Without load there is nothing to judge; `./neuronha status` shows what does not answer.',
  })
