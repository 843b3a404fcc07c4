/**
 * The load generator of a command's drills: a container of the cluster's network, made for the run, with a private
 * folder for configuration, certificates and ledger. No secret is in its arguments or environment.
 */
import { chmod, chown, mkdir, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { LOADGEN_PATHS } from '@neuronha/core/config/loadgen.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS, networkName } from '@neuronha/core/render/compose.ts'
import {
  CONFIG_DIR,
  secretFile,
  plainFile,
  type RenderedFiles,
} from '@neuronha/core/render/files.ts'
import { edgeCaOf } from '@neuronha/core/render/drill.ts'
import { tlsFiles } from '@neuronha/core/render/tls.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressOf, containerName, CONTAINER_UID } from '@neuronha/core/topology/containers.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { containersHere, removeContainer } from './faults/containers-here.ts'
import { followLoad, loadgenConfigOf, type Generator, type LoadHost } from './load-host.ts'

/** The load generator's name among certificates. */
const CERTIFICATE = 'loadgen-1'
/** Of the image of drills, whose own first process is the runner of scheduled ones. */
const PROGRAM = '/app/loadgen.mjs'

interface Host {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly image: string
}

export const createLoadgenContainers = (host: Host): LoadHost => {
  const name = containerName(host.spec.name, 'loadgen', 1)
  return {
    leftovers: [{ kind: 'remove', container: name }],
    start: async (options) => {
      const { workDir } = options
      await removeContainer(name)
      await writeWorkDir(host, workDir, JSON.stringify(loadgenConfigOf(host, options), null, 2))
      const started = await run('docker', dockerRunArgs(host, workDir))
      if (started.code !== 0) {
        const isMissing = /no such image|unable to find image/i.test(started.stderr)
        const why = isMissing ? `its image ${host.image} is not built` : lastWords(started)
        throw new PlatformError('DRILL_FAILED', `the load generator does not start: ${why}`, {
          hint: '`./neuronha up` builds what is missing.',
        })
      }
      return followLoad(generatorIn(name, workDir), join(workDir, 'ledger', 'ledger.jsonl'))
    },
  }
}

const generatorIn = (name: string, workDir: string): Generator => ({
  isRunning: async () => (await containersHere.inspect(name))?.running === true,
  lastWords: async () => lastWords(await run('docker', ['logs', '--tail', '20', name])),
  end: async () => {
    await run('docker', ['kill', '--signal=TERM', name])
  },
  remove: async () => {
    await run('docker', ['rm', '--force', name])
    await rm(workDir, { recursive: true, force: true })
  },
})

/** The engine's command line: nothing in it is secret, everything else is in mounted files. */
export function dockerRunArgs(
  { spec, image }: Pick<Host, 'spec' | 'image'>,
  workDir: string,
): readonly string[] {
  const name = containerName(spec.name, 'loadgen', 1)
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
    '--entrypoint=node',
    image,
    PROGRAM,
  ]
}

/** The folder that the container sees: its configuration (0400, its own) and a place for the ledger. */
async function writeWorkDir(
  { spec, secrets }: Host,
  workDir: string,
  config: string,
): Promise<void> {
  const files: RenderedFiles = new Map([
    ...tlsFiles('config', CERTIFICATE, secrets),
    ['config/edge-ca.crt', plainFile(edgeCaOf(spec, secrets))],
    ['config/config.json', secretFile(`${config}\n`)],
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
