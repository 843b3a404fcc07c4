/** What stack tests know of the shared cluster, and how they reach it. */
import { readFileSync } from 'node:fs'
import { request as httpsRequest } from 'node:https'
import type { IncomingHttpHeaders } from 'node:http'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll } from 'vitest'
import { createClusterObserver } from '../../packages/control/src/commands/context.ts'
import type { Observer } from '../../packages/control/src/observe/create-observer.ts'
import { stateFolderOf, type StateFolder } from '../../packages/control/src/state/state-folder.ts'
import { CLUSTER_NAME } from './neuronha.ts'

export interface EdgeResponse {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly json: () => unknown
}

export interface EdgeInit {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Default: the admin's API key as Bearer; null: none. */
  readonly key?: string | null
  readonly timeoutMs?: number
}

export interface TestCluster {
  readonly spec: ClusterSpec
  readonly secrets: ClusterSecrets
  readonly state: StateFolder
  readonly edgeUrl: string
  readonly ca: string
  readonly apiKey: string
  /** One request through the front door, with the cluster's CA verified. */
  readonly fetchEdge: (path: string, init?: EdgeInit) => Promise<EdgeResponse>
}

let opened: TestCluster | undefined

/** The shared cluster; opened once per test file. */
export function cluster(): TestCluster {
  return (opened ??= open())
}

function open(): TestCluster {
  const state = stateFolderOf(CLUSTER_NAME)
  const parsed = parseClusterFile(readFileSync(state.clusterFile, 'utf8'))
  if (parsed.kind !== 'ok') throw new Error('the applied cluster file is not valid')
  const secrets = JSON.parse(readFileSync(state.secretsFile, 'utf8')) as ClusterSecrets
  const edgeUrl = `https://localhost:${parsed.spec.edge.httpsPort}`
  const ca = secrets.ca.certificate
  const apiKey = secrets.apiKeys.admin
  return {
    spec: parsed.spec,
    secrets,
    state,
    edgeUrl,
    ca,
    apiKey,
    fetchEdge: (path, init = {}) =>
      fetchHttps(`${edgeUrl}${path}`, { key: apiKey, ...init }, { ca }),
  }
}

/** One HTTPS request on a connection of its own. */
export function fetchHttps(
  url: string,
  { method = 'GET', headers = {}, body, key = null, timeoutMs = 20_000 }: EdgeInit,
  tls: {
    readonly ca: string
    readonly cert?: string
    readonly key?: string
    readonly servername?: string
  },
): Promise<EdgeResponse> {
  const payload = body === undefined || typeof body === 'string' ? body : JSON.stringify(body)
  return new Promise((resolve, reject) => {
    const sent = httpsRequest(
      url,
      {
        method,
        agent: false,
        timeout: timeoutMs,
        ...tls,
        headers: {
          ...(key === null ? {} : { authorization: `Bearer ${key}` }),
          ...(payload === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('error', reject)
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: () => JSON.parse(text) as unknown,
          }),
        )
      },
    )
    sent.on('timeout', () =>
      sent.destroy(new Error(`no answer from ${url} within ${timeoutMs} ms`)),
    )
    sent.on('error', reject)
    sent.end(payload)
  })
}

/** Of the cluster file as it was applied last: a test may change it. */
let watching: { readonly clusterFile: string; readonly observer: Observer } | undefined

afterAll(async () => {
  await watching?.observer.close()
  watching = undefined
})

/** What `status` would print, from an observer of this process: a command for each look would cost the cluster a processor. */
export function statusOf(): Promise<ClusterStatus> {
  const clusterFile = readFileSync(stateFolderOf(CLUSTER_NAME).clusterFile, 'utf8')
  if (watching?.clusterFile !== clusterFile) {
    void watching?.observer.close()
    watching = { clusterFile, observer: createClusterObserver(open()) }
  }
  return watching.observer.observe()
}

/** Looks at the cluster until this holds; fails with the last status otherwise. */
export async function untilStatus(
  what: string,
  holds: (status: ClusterStatus) => boolean,
  timeoutMs = 90_000,
): Promise<ClusterStatus> {
  const deadline = Date.now() + timeoutMs
  for (;;) {
    const status = await statusOf()
    if (holds(status)) return status
    if (Date.now() > deadline)
      throw new Error(`${what} not within ${timeoutMs} ms: ${status.reasons.join('; ')}`)
    await delay(500)
  }
}

export const untilHealthy = (): Promise<ClusterStatus> =>
  untilStatus('a healthy cluster', ({ health }) => health === 'healthy')

/** Runs a command in a container and returns what it printed. */
export const inContainer = async (
  container: string,
  command: readonly string[],
  input?: string,
): Promise<string> =>
  (
    await runOk(
      'docker',
      ['exec', '-i', container, ...command],
      input === undefined ? {} : { input },
    )
  ).stdout

/** SQL as superuser on one member, as unaligned rows. */
export const sqlOn = (member: string, sql: string, database = 'neurondb'): Promise<string> =>
  inContainer(
    member,
    ['psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-U', 'postgres', '-d', database],
    sql,
  )

/** Ends a container's first process from outside, as a crash would: the engine restarts it. */
export async function crashContainer(name: string): Promise<void> {
  const { stdout } = await runOk('docker', ['inspect', '--format', '{{.State.Pid}}', name])
  process.kill(Number(stdout.trim()), 'SIGKILL')
}

export interface Inspection {
  readonly running: boolean
  readonly startedAt: string
  readonly restartCount: number
}

export async function inspect(name: string): Promise<Inspection> {
  const format = '{{.State.Running}} {{.State.StartedAt}} {{.RestartCount}}'
  const { stdout } = await run('docker', ['inspect', '--format', format, name])
  const [running, startedAt = '', restartCount] = stdout.trim().split(' ')
  return { running: running === 'true', startedAt, restartCount: Number(restartCount) }
}

/** An agent with one session, made through the front door. */
export async function aSession(): Promise<{
  readonly agentId: string
  readonly sessionId: string
}> {
  const { fetchEdge } = cluster()
  const agent = await fetchEdge('/agent/api/v1/agents', { method: 'POST', body: { name: 'test' } })
  const agentId = (agent.json() as { id: string }).id
  const session = await fetchEdge('/agent/api/v1/sessions', {
    method: 'POST',
    body: { agent_id: agentId },
  })
  return { agentId, sessionId: (session.json() as { id: string }).id }
}
