/**
 * What the container engine knows of a cluster, asked over its socket. Only questions: the life cycle
 * goes through Compose (engine/compose.ts). Speaks API 1.41, which every engine since 20.10 answers.
 */
import { request } from 'node:http'
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS } from '@neuronha/core/render/compose.ts'

const SOCKET = '/var/run/docker.sock'
const API = '/v1.41'
const TIMEOUT_MS = 10_000

export interface EngineContainer {
  readonly id: string
  readonly name: string
  readonly component: string
  /** `running`, `exited`, `created`, `restarting`, `paused`, `removing`, `dead`. */
  readonly state: string
  readonly image: string
  /** Hash of the configuration that the container was made from. */
  readonly config: string
}

export interface EngineInspection {
  readonly id: string
  readonly running: boolean
  readonly paused: boolean
  readonly restarting: boolean
  /** Process id of the container's first process on this machine; 0 when it does not run. */
  readonly pid: number
  readonly startedAt: string
  readonly restartCount: number
}

interface Answer {
  readonly status: number
  readonly body: string
}

function call(method: 'GET' | 'DELETE', path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent = request(
      { socketPath: SOCKET, path: `${API}${path}`, method, timeout: TIMEOUT_MS },
      (response) => {
        let body = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (body += part))
        response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      },
    )
    sent.on('timeout', () =>
      sent.destroy(new PlatformError('ENGINE_UNREACHABLE', 'it did not answer in time')),
    )
    sent.on('error', (cause) =>
      reject(
        new PlatformError(
          'ENGINE_UNREACHABLE',
          `the container engine at ${SOCKET} does not answer: ${cause.message}`,
          {
            hint: '`./neuronha doctor` says what is missing; `./neuronha up` installs and starts an engine.',
            cause,
          },
        ),
      ),
    )
    sent.end()
  })
}

async function get<T>(path: string): Promise<T | undefined> {
  const { status, body } = await call('GET', path)
  if (status === 404) return undefined
  if (status >= 300) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `the container engine refused GET ${path} (${status}): ${body.slice(0, 300)}`,
    )
  }
  return JSON.parse(body) as T
}

const filtersOf = (cluster: string): string =>
  encodeURIComponent(JSON.stringify({ label: [`${LABELS.cluster}=${cluster}`] }))

interface ListedContainer {
  readonly Id: string
  readonly Names: readonly string[]
  readonly Image: string
  readonly State: string
  readonly Labels: Readonly<Record<string, string>>
}

/** Every container of a cluster, stopped ones included. */
export async function listContainers(cluster: string): Promise<readonly EngineContainer[]> {
  const listed = await get<readonly ListedContainer[]>(
    `/containers/json?all=1&filters=${filtersOf(cluster)}`,
  )
  return (listed ?? []).map((container) => ({
    id: container.Id,
    name: container.Names[0]?.slice(1) ?? container.Id,
    component: container.Labels[LABELS.component] ?? '',
    state: container.State,
    image: container.Image,
    config: container.Labels[LABELS.config] ?? '',
  }))
}

interface InspectedContainer {
  readonly Id: string
  readonly RestartCount: number
  readonly State: {
    readonly Running: boolean
    readonly Paused: boolean
    readonly Restarting: boolean
    readonly Pid: number
    readonly StartedAt: string
  }
}

/** One container, or undefined when there is none of that name. */
export async function inspectContainer(name: string): Promise<EngineInspection | undefined> {
  const found = await get<InspectedContainer>(`/containers/${encodeURIComponent(name)}/json`)
  return (
    found && {
      id: found.Id,
      running: found.State.Running,
      paused: found.State.Paused,
      restarting: found.State.Restarting,
      pid: found.State.Pid,
      startedAt: found.State.StartedAt,
      restartCount: found.RestartCount,
    }
  )
}

/** Names of a cluster's volumes. */
export async function listVolumes(cluster: string): Promise<readonly string[]> {
  const answer = await get<{ readonly Volumes: readonly { readonly Name: string }[] | null }>(
    `/volumes?filters=${filtersOf(cluster)}`,
  )
  return (answer?.Volumes ?? []).map((volume) => volume.Name)
}

/** Removes a volume that no container uses; one that is gone already is no error. */
export async function removeVolume(name: string): Promise<void> {
  const { status, body } = await call('DELETE', `/volumes/${encodeURIComponent(name)}`)
  if (status >= 300 && status !== 404) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `cannot remove volume ${name} (${status}): ${body.slice(0, 300)}`,
    )
  }
}
