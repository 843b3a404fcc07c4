/**
 * The load generator as a container of the cluster's network: its private folder with configuration,
 * certificates and ledger, its start, its end. No secret is in its arguments or environment.
 */
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  LOADGEN_PATHS,
  loadgenConfig,
  type LedgerLine,
  type LoadgenConfig,
} from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS, networkName } from '@neuronha/core/render/compose.ts'
import {
  CONFIG_DIR,
  secretFile,
  plainFile,
  TLS_PATHS,
  type RenderedFiles,
} from '@neuronha/core/render/files.ts'
import { poolerAccessOf } from '@neuronha/core/render/services.ts'
import { tlsFiles } from '@neuronha/core/render/tls.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import {
  addressesOf,
  addressOf,
  containerName,
  CONTAINER_UID,
} from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { PLATFORM_DATABASE } from '@neuronha/core/topology/roles.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import type { z } from 'zod'
import { inspectContainer } from '../engine/docker.ts'
import { LedgerReader } from './ledger.ts'
import type { ScenarioLoad } from './scenarios/scenario.ts'

/** The load generator's name among certificates. */
const CERTIFICATE = 'loadgen-1'
/** Retries of what is in flight, then the sender's own goodbye. */
const STOP_TIMEOUT_MS = 45_000

export interface LoadOptions {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly image: string
  readonly run: string
  readonly load: ScenarioLoad
  readonly ratePerSecond: number
  readonly seconds: number
  /** The run's private folder; made here, removed by `remove`. */
  readonly workDir: string
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

export const loadgenName = (spec: ClusterSpec): string => containerName(spec.name, 'loadgen', 1)

/** What the load generator is told: a pure function of the cluster and the scenario. */
export function loadgenConfigOf(options: Omit<LoadOptions, 'image' | 'workDir'>): LoadgenConfig {
  const { spec, secrets, load } = options
  return loadgenConfig.parse({
    cluster: spec.name,
    run: options.run,
    ratePerSecond: options.ratePerSecond,
    seconds: options.seconds,
    paths: load.paths,
    edge: {
      urls: addressesOf(spec, 'edge').map((address) => `https://${address}:${PORTS.edgeHttps}`),
      serverName: spec.edge.hostnames[0] ?? 'localhost',
      caFile: LOADGEN_PATHS.edgeCa,
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
          }
        : null,
    tls: { caFile: TLS_PATHS.ca, certificateFile: TLS_PATHS.certificate, keyFile: TLS_PATHS.key },
  } satisfies z.input<typeof loadgenConfig>)
}

/** Starts the load generator; it begins by itself and ends by itself after `seconds`. */
export async function startLoadgen(options: LoadOptions): Promise<RunningLoad> {
  const { spec, workDir } = options
  const name = loadgenName(spec)
  await writeWorkDir(options)
  const started = await run('docker', dockerRunArgs(options))
  if (started.code !== 0) {
    const isMissing = /no such image|unable to find image/i.test(started.stderr)
    const why = isMissing ? `its image ${options.image} is not built` : lastWords(started)
    throw new PlatformError('DRILL_FAILED', `the load generator does not start: ${why}`, {
      hint: '`./neuronha up` builds what is missing.',
    })
  }
  return followLoad(name, workDir)
}

/** The engine's command line: nothing in it is secret, everything else is in mounted files. */
export function dockerRunArgs({ spec, workDir, image }: LoadOptions): readonly string[] {
  const name = loadgenName(spec)
  return [
    'run',
    '--detach',
    `--name=${name}`,
    `--hostname=${name}`,
    `--network=${networkName(spec.name)}`,
    `--ip=${addressOf(spec, 'loadgen', 1)}`,
    `--user=${CONTAINER_UID}:${CONTAINER_UID}`,
    '--read-only',
    '--cap-drop=ALL',
    '--security-opt=no-new-privileges:true',
    // The instrument must not starve of what it measures: a client that has no processor times out by itself.
    '--cpu-shares=4096',
    '--memory=384m',
    '--pids-limit=256',
    '--pull=never',
    '--log-opt=max-size=5m',
    `--label=${LABELS.cluster}=${spec.name}`,
    `--label=${LABELS.component}=loadgen`,
    `--volume=${join(workDir, 'config')}:${CONFIG_DIR}:ro`,
    `--volume=${join(workDir, 'ledger')}:${LOADGEN_PATHS.ledgerDir}`,
    image,
  ]
}

function followLoad(name: string, workDir: string): RunningLoad {
  const ledger = new LedgerReader(join(workDir, 'ledger', 'ledger.jsonl'))
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
    if (hasLine('end') || (await inspectContainer(name))?.running === true) return
    throw loadFailed(lastWords(await run('docker', ['logs', '--tail', '20', name])))
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
    await run('docker', ['kill', '--signal=TERM', name])
    const deadlineMs = performance.now() + STOP_TIMEOUT_MS
    while (!hasLine('end') && performance.now() < deadlineMs) {
      await assertRunning()
      await sleep(200)
    }
    if (!hasLine('end')) throw loadFailed('it did not finish its requests in time')
  }
  const remove = async (): Promise<void> => {
    await run('docker', ['rm', '--force', name])
    await rm(workDir, { recursive: true, force: true })
  }
  const nowMs = (): number => Date.now() - beganAtMs()
  return { ledger, untilReady, nowMs, beganAtMs, assertRunning, stop, remove }
}

const loadFailed = (why: string): PlatformError =>
  new PlatformError('DRILL_FAILED', `the load generator cannot do its work: ${why}`, {
    hint: 'Without load there is nothing to judge; `./neuronha status` shows what does not answer.',
  })

/** The folder that the container sees: its configuration (0400, its own) and a place for the ledger. */
async function writeWorkDir(options: LoadOptions): Promise<void> {
  const { spec, secrets, workDir } = options
  const edge = spec.edge.tls === 'auto' ? secrets.ca : secrets.edgeCertificate
  const files: RenderedFiles = new Map([
    ...tlsFiles('config', CERTIFICATE, secrets),
    ['config/edge-ca.crt', plainFile(edge.certificate)],
    ['config/config.json', secretFile(`${JSON.stringify(loadgenConfigOf(options), null, 2)}\n`)],
  ])
  for (const folder of ['config', 'config/tls', 'ledger']) {
    const path = join(workDir, folder)
    await mkdir(path, { recursive: true, mode: 0o700 })
    await chown(path, CONTAINER_UID, CONTAINER_UID)
  }
  await chmod(dirname(workDir), 0o700)
  for (const [path, { text, mode }] of files) {
    await writeFile(join(workDir, path), text, { mode })
    await chown(join(workDir, path), CONTAINER_UID, CONTAINER_UID)
  }
}
