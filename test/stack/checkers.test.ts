/** The programs' own checkers over what is rendered for each example, with real certificates. */
import { chmod, chown, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { run } from '@neuronha/runtime/exec.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { alertGroups } from '@neuronha/core/alerts/alert-groups.ts'
import type { ClusterFile, ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import type { ExternalSecrets } from '@neuronha/core/render/services.ts'
import { CONTAINER_UID, hasNotifications } from '@neuronha/core/topology/containers.ts'
import { desireCluster, type Desired } from '../../packages/control/src/apply/desired.ts'
import { imageTagsOf } from '../../packages/control/src/commands/prepare.ts'
import { ENGINE_SOCKET } from '../../packages/control/src/engine/engine-transport.ts'
import { wantedImages } from '../../packages/control/src/setup/images.ts'
import { completeSecrets } from '../../packages/control/src/state/secrets.ts'
import { alertmanagerImage, checkersImage } from './checkers-image.ts'
import { REPOSITORY } from './neuronha.ts'

const exampleSpec = async (name: string): Promise<ClusterSpec> => {
  const parsed = parseClusterFile(
    await readFile(join(REPOSITORY, 'examples', `${name}.yaml`), 'utf8'),
  )
  if (parsed.kind !== 'ok')
    throw new Error(`${name}.yaml is invalid: ${JSON.stringify(parsed.issues)}`)
  return parsed.spec
}

const WITH_BACKUP: ClusterFile = {
  name: 'backup',
  edge: { kind: 'haproxy' },
  backup: {
    repositories: [
      {
        kind: 's3',
        endpoint: 'store.example.org',
        bucket: 'backups',
        accessKeyFile: '/a',
        secretKeyFile: '/b',
      },
    ],
  },
}

const WITH_NOTIFICATIONS: ClusterFile = {
  name: 'notified',
  notifications: {
    webhooks: [{ url: 'https://hooks.example.org/x' }, { urlFile: '/url', severity: 'page' }],
    mail: {
      smarthost: 'smtp.example.org:587',
      from: 'neuronha@example.org',
      to: ['night@example.org'],
      usernameFile: '/user',
      passwordFile: '/password',
    },
  },
}

/** What the files that the cluster file names would hold. */
const EXTERNAL: ExternalSecrets = {
  notifications: {
    webhookUrls: [undefined, 'https://hooks.example.org/y'],
    mailUsername: 'night',
    mailPassword: 'secret',
  },
}

const CASES: Readonly<Record<string, () => Promise<ClusterSpec>>> = {
  minimal: () => exampleSpec('minimal'),
  laptop: () => exampleSpec('laptop'),
  full: () => exampleSpec('full'),
  'a cluster with backups': () => Promise.resolve(clusterSpecSchema.parse(WITH_BACKUP)),
  'a cluster that tells somebody': () =>
    Promise.resolve(clusterSpecSchema.parse(WITH_NOTIFICATIONS)),
}

describe.each(Object.entries(CASES))('what is rendered for %s', (_title, makeSpec) => {
  let folder = ''
  let spec: ClusterSpec
  let desired: Desired
  let images: ReturnType<typeof imageTagsOf>
  let checkers = ''

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'neuronha-checkers-'))
    await chmod(folder, 0o755)
    spec = await makeSpec()
    images = imageTagsOf(spec, await wantedImages())
    checkers = await checkersImage()
    const secrets = await completeSecrets(spec, undefined, undefined)
    desired = desireCluster(spec, secrets, {
      images,
      filesDir: folder,
      engineSocket: { path: ENGINE_SOCKET, gid: 0 },
      external: EXTERNAL,
    })
    for (const [path, file] of desired.files) {
      const target = join(folder, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, file.text, { mode: file.mode })
      await chown(target, CONTAINER_UID, CONTAINER_UID)
    }
    await writeFile(join(folder, 'compose.yaml'), desired.compose)
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** Runs a checker in a throw-away container without a network, as the real one would be run. */
  const check = (container: string, image: string, command: readonly string[]) => {
    const [program = '', ...args] = command
    return run('docker', [
      'run',
      '--rm',
      '--network',
      'none',
      '--read-only',
      '--cap-drop',
      'ALL',
      '--tmpfs',
      '/tmp:mode=1777',
      '--tmpfs',
      '/run:mode=1777',
      '--volume',
      `${folder}/${spec.name}-${container}:/etc/neuronha:ro`,
      '--entrypoint',
      program,
      image,
      ...args,
    ])
  }
  const expectClean = async (
    container: string,
    image: string,
    command: readonly string[],
  ): Promise<void> => {
    const { code, stdout, stderr } = await check(container, image, command)
    expect(code, stdout + stderr).toBe(0)
    expect(stdout + stderr).not.toMatch(/\b(emerg|alert|deprecated)\b/i)
  }

  it('passes haproxy -c for the router', () =>
    expectClean('router-1', images.router, ['haproxy', '-c', '-f', '/etc/neuronha/haproxy.cfg']))

  it('passes haproxy -c for the engine proxy', () =>
    expectClean('engine-proxy-1', images['engine-proxy'], [
      'haproxy',
      '-c',
      '-f',
      '/etc/neuronha/haproxy.cfg',
    ]))

  it('passes the edge’s own checker', () =>
    spec.edge.kind === 'nginx'
      ? expectClean('edge-1', images.edge, ['nginx', '-t', '-c', '/etc/neuronha/nginx.conf'])
      : expectClean('edge-1', images.edge, ['haproxy', '-c', '-f', '/etc/neuronha/haproxy.cfg']))

  it('passes nginx -t for the console', () =>
    expectClean('console-1', images.console, ['nginx', '-t', '-c', '/etc/neuronha/nginx.conf']))

  it('passes patroni --validate-config', async () => {
    const { stdout, stderr } = await check('member-1', images.member, [
      'patroni',
      '--validate-config',
      '--ignore-listen-port',
      '/etc/neuronha/patroni.yml',
    ])
    // Without a network etcd cannot be reached, and Patroni 4.0's validator does not know its own quorum mode.
    const complaints = (stdout + stderr)
      .split('\n')
      .filter(
        (line) =>
          line.trim() !== '' &&
          !/etcd3?\.hosts?|not reachable|data_dir|synchronous_mode quorum is not a boolean/.test(
            line,
          ),
      )
    expect(complaints).toEqual([])
  })

  it('starts PgBouncer', async () => {
    const { stdout, stderr } = await check('pooler-1', images.pooler, [
      'timeout',
      '--preserve-status',
      '2',
      'pgbouncer',
      '/etc/neuronha/pgbouncer.ini',
    ])
    expect(stdout + stderr).toMatch(/process up: PgBouncer/)
    expect(stdout + stderr).not.toMatch(/ERROR|FATAL|unknown/i)
  })

  it('passes promtool check config, and with it check rules', async () => {
    const { code, stdout, stderr } = await check('prometheus-1', checkers, [
      'promtool',
      'check',
      'config',
      '/etc/neuronha/prometheus.yml',
    ])
    expect(code, stdout + stderr).toBe(0)
    expect(stdout.match(/SUCCESS: \d+ rules found/g)).toHaveLength(alertGroups(spec).length)
  })

  it('passes promtool check web-config for Prometheus', () =>
    expectClean('prometheus-1', checkers, [
      'promtool',
      'check',
      'web-config',
      '/etc/neuronha/web.yml',
    ]))

  it('has an Alertmanager exactly when somebody is to be told, which passes amtool', async () => {
    const isWanted = desired.containers.some(({ component }) => component === 'alertmanager')
    expect(isWanted).toBe(hasNotifications(spec))
    if (!isWanted) return
    const { code, stdout, stderr } = await check('alertmanager-1', checkers, [
      'amtool',
      'check-config',
      '/etc/neuronha/alertmanager.yml',
    ])
    expect(code, stdout + stderr).toBe(0)
    expect(stdout).toMatch(/- 4 receivers/)
    expect(desired.compose).not.toMatch(/hooks\.example|secret/)
  })

  it('starts Alertmanager, where there is one', async () => {
    if (!hasNotifications(spec)) return
    const { stdout, stderr } = await check('alertmanager-1', await alertmanagerImage(), [
      'timeout',
      '--preserve-status',
      '4',
      'prometheus-alertmanager',
      '--config.file=/etc/neuronha/alertmanager.yml',
      '--web.config.file=/etc/neuronha/web.yml',
      '--storage.path=/tmp/alertmanager',
      '--cluster.listen-address=',
    ])
    expect(stdout + stderr).toMatch(/Completed loading of configuration file/)
    expect(stdout + stderr).toMatch(/TLS is enabled/)
    expect(stdout + stderr).not.toMatch(/level=ERROR/i)
  })

  it('starts Prometheus', async () => {
    const { stdout, stderr } = await check('prometheus-1', images.prometheus, [
      'timeout',
      '--preserve-status',
      '4',
      'prometheus',
      '--config.file=/etc/neuronha/prometheus.yml',
      '--storage.tsdb.path=/tmp/tsdb',
    ])
    expect(stdout + stderr).toMatch(/Completed loading of configuration file/)
  })

  it('is a Compose file that docker accepts', async () => {
    const { code, stderr } = await run('docker', [
      'compose',
      '--file',
      join(folder, 'compose.yaml'),
      'config',
      '--quiet',
    ])
    expect(code, stderr).toBe(0)
  })

  it('gives pgBackRest a configuration exactly when there are repositories', async () => {
    const path = `${spec.name}-member-1/pgbackrest.conf`
    expect(desired.files.has(path)).toBe(spec.backup.repositories.length > 0)
    if (!desired.files.has(path)) return
    const { stdout, stderr } = await check('member-1', images.member, [
      'pgbackrest',
      '--config=/etc/neuronha/pgbackrest.conf',
      `--stanza=${spec.name}`,
      'info',
      '--output=json',
      '--log-level-console=warn',
    ])
    // The store does not exist here; a complaint about an option would name it.
    expect(stdout + stderr).not.toMatch(/invalid option|OptionInvalid|invalid for|FormatError/)
  })
})
