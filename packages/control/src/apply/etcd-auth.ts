/**
 * Brings etcd's users and roles in line with `etcdUsers(spec, secrets)` and switches authentication on, over the
 * JSON gateway: passwords travel in bodies inside mutual TLS, never in process arguments. What is there already is
 * left alone, since each change of etcd's auth store makes every client log in again.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import {
  ETCD_USERS,
  etcdUsers,
  prefixEnd,
  type EtcdPermission,
  type EtcdUser,
} from '@neuronha/core/render/etcd-auth.ts'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { Agent, request } from 'undici'
import { z } from 'zod'

export interface EtcdAuthOptions {
  readonly caFile: string
  readonly certificateFile: string
  readonly keyFile: string
  readonly signal?: AbortSignal
  /** How long etcd may take to answer at all. */
  readonly timeoutMs?: number
}

type Call = (path: string, body: Readonly<Record<string, unknown>>) => Promise<unknown>

/** How one member is reached. */
interface Endpoint {
  readonly agent: Agent
  readonly origin: string
  readonly signal: AbortSignal | undefined
}

interface Session {
  readonly call: Call
  /** Is authentication on already? */
  readonly isEnabled: boolean
}

/** What the gateway says about a request that it refused. */
class EtcdRefusal extends PlatformError {
  constructor(path: string, message: string) {
    super('COMMAND_FAILED', `etcd refused ${path}: ${message}`)
  }
}

const RETRY_MS = 250
const REQUEST_TIMEOUT_MS = 5000

const refusal = z.object({ message: z.string().optional(), error: z.string().optional() })
const health = z.object({ health: z.string() })
const authenticated = z.object({ token: z.string() })
const names = (key: string) =>
  z.object({ [key]: z.array(z.string()).default([]) }).transform((body) => body[key] ?? [])
const rolePermissions = z.object({
  perm: z
    .array(
      z.object({
        permType: z.string().default('READ'),
        key: z.string(),
        range_end: z.string().default(''),
      }),
    )
    .default([]),
})

export async function applyEtcdAuth(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  options: EtcdAuthOptions,
): Promise<void> {
  const tls = loadTls(options)
  const agent = new Agent({ connect: tls })
  try {
    const session = await openSession(spec, secrets, agent, options)
    for (const user of etcdUsers(spec, secrets)) await ensureUser(session, user)
    if (!session.isEnabled) await session.call('auth/enable', {})
  } finally {
    await agent.close()
  }
}

/** The first member that answers; logged in as root when authentication is on. */
async function openSession(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  agent: Agent,
  options: EtcdAuthOptions,
): Promise<Session> {
  const { signal, timeoutMs = 60_000 } = options
  const endpoints = addressesOf(spec, 'etcd').map((address): Endpoint => ({
    agent,
    origin: `https://${address}:${PORTS.etcdClient}`,
    signal,
  }))
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const tried = await Promise.any(endpoints.map((endpoint) => logIn(endpoint, secrets))).catch(
      (failure: unknown) => firstFailure(failure),
    )
    if (!(tried instanceof PlatformError)) return tried
    signal?.throwIfAborted()
    if (isWrongPassword(tried)) throw foreignData(tried)
    if (performance.now() > deadline) throw notAnswering(tried)
    await sleep(RETRY_MS, undefined, { signal })
  }
}

/** The one failure worth showing: a refusal says more than a member that does not answer. */
const firstFailure = (failure: unknown): PlatformError => {
  const failures: readonly unknown[] =
    failure instanceof AggregateError ? failure.errors : [failure]
  return toPlatformError(failures.find((one) => one instanceof EtcdRefusal) ?? failures[0])
}

const isWrongPassword = (failure: PlatformError): boolean =>
  failure instanceof EtcdRefusal && failure.message.includes('invalid user ID or password')

const foreignData = (cause: PlatformError): PlatformError =>
  new PlatformError(
    'COMMAND_FAILED',
    'etcd does not accept the root password of this cluster’s secrets',
    {
      hint: 'The data of etcd belongs to another set of secrets: restore the credentials folder, or `down --volumes` to start over.',
      cause,
    },
  )

const notAnswering = (cause: PlatformError): PlatformError =>
  new PlatformError('NOT_HEALTHY_IN_TIME', `no etcd member answered: ${cause.message}`, { cause })

async function logIn(endpoint: Endpoint, { etcd }: ClusterSecrets): Promise<Session> {
  await assertHealthy(endpoint)
  const call = callerOf(endpoint)
  try {
    const body = await call('auth/authenticate', { name: ETCD_USERS.root, password: etcd.root })
    return { call: callerOf(endpoint, authenticated.parse(body).token), isEnabled: true }
  } catch (failure) {
    if (!(failure instanceof EtcdRefusal)) throw failure
    if (!failure.message.includes('authentication is not enabled')) throw failure
    return { call, isEnabled: false }
  }
}

const deadlineOf = (signal: AbortSignal | undefined): AbortSignal => {
  const deadline = AbortSignal.timeout(REQUEST_TIMEOUT_MS)
  return signal === undefined ? deadline : AbortSignal.any([signal, deadline])
}

/** /health reads through the quorum: a member that lags behind would still say that authentication is off. */
async function assertHealthy({ agent, origin, signal }: Endpoint): Promise<void> {
  const answer = await request(`${origin}/health`, {
    dispatcher: agent,
    signal: deadlineOf(signal),
  })
  const { health: isHealthy } = health.parse(await answer.body.json())
  if (isHealthy !== 'true') throw new PlatformError('UNAVAILABLE', `${origin} is not healthy yet`)
}

const callerOf =
  ({ agent, origin, signal }: Endpoint, token?: string): Call =>
  async (path, body) => {
    const answer = await request(`${origin}/v3/${path}`, {
      dispatcher: agent,
      method: 'POST',
      body: JSON.stringify(body),
      headers: {
        'content-type': 'application/json',
        ...(token === undefined ? {} : { authorization: token }),
      },
      signal: deadlineOf(signal),
    })
    const content: unknown = await answer.body.json()
    if (answer.statusCode === 200) return content
    const { message, error } = refusal.parse(content)
    throw new EtcdRefusal(path, message ?? error ?? `HTTP ${answer.statusCode}`)
  }

async function ensureUser(session: Session, user: EtcdUser): Promise<void> {
  const { call } = session
  const users = names('users').parse(await call('auth/user/list', {}))
  if (!users.includes(user.name)) {
    await call('auth/user/add', { name: user.name, password: user.password })
  } else if (!(await hasPassword(session, user))) {
    await call('auth/user/changepw', { name: user.name, password: user.password })
  }
  await ensureRole(call, user)
  const roles = names('roles').parse(await call('auth/user/get', { name: user.name }))
  if (!roles.includes(user.name)) {
    await call('auth/user/grant', { user: user.name, role: user.name })
  }
}

/** While authentication is off nobody can log in, so the password is simply set again. */
async function hasPassword(
  { call, isEnabled }: Session,
  { name, password }: EtcdUser,
): Promise<boolean> {
  if (!isEnabled) return false
  try {
    await call('auth/authenticate', { name, password })
    return true
  } catch (failure) {
    if (failure instanceof EtcdRefusal) return false
    throw failure
  }
}

async function ensureRole(call: Call, { name, permissions }: EtcdUser): Promise<void> {
  const roles = names('roles').parse(await call('auth/role/list', {}))
  if (!roles.includes(name)) await call('auth/role/add', { name })
  if (permissions.length === 0) return
  const { perm } = rolePermissions.parse(await call('auth/role/get', { role: name }))
  for (const permission of permissions) {
    const wanted = encoded(permission)
    const isGranted = perm.some(
      ({ permType, key, range_end }) =>
        permType === wanted.permType && key === wanted.key && range_end === wanted.range_end,
    )
    if (!isGranted) await call('auth/role/grant', { name, perm: wanted })
  }
}

const base64 = (text: string): string => Buffer.from(text, 'utf8').toString('base64')

const encoded = ({ permType, prefix }: EtcdPermission) => ({
  permType,
  key: base64(prefix),
  range_end: base64(prefixEnd(prefix)),
})
