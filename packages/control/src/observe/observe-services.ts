/** What answers /health or a readiness page: services, engine proxies, controllers, Prometheus. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { bodyOf, jsonOf, type HttpClient } from './http-client.ts'
import type { ControllerAnswer, ServiceAnswer } from './raw-observation.ts'

/** The name of a controller's check about its lease, and what it says on the active one. */
export const LEASE_CHECK = 'lease'
export const ACTIVE = 'active'

/** The shared runtime's report; the console is plain nginx and answers any 200. */
const healthBody = z.object({
  ready: z.boolean(),
  draining: z.boolean().default(false),
  checks: z
    .record(z.string(), z.object({ ok: z.boolean(), detail: z.string().optional() }))
    .default({}),
})

export const describeHealth = (status: number, body: string): ServiceAnswer => {
  const report = healthBody.safeParse(parseJson(body))
  if (!report.success)
    return {
      healthy: status === 200,
      draining: false,
      detail: status === 200 ? '' : `HTTP ${status}`,
    }
  const { ready, draining, checks } = report.data
  const failed = Object.entries(checks)
    .filter(([, { ok }]) => !ok)
    .map(([name, { detail }]) => (detail === undefined ? name : `${name}: ${detail}`))
  const detail = draining ? 'draining' : failed.join(', ')
  return { healthy: ready && status === 200, draining, detail }
}

const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export async function observeService(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<ServiceAnswer> {
  const { status, body } = await http.get(`${origin}/health`, signal)
  return describeHealth(status, body)
}

/** A controller says in its health report which role its lease gives it (create-controller.ts). */
export async function observeController(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<ControllerAnswer> {
  const answer = await http.get(`${origin}/health`, signal)
  const { checks } = healthBody.parse(jsonOf(answer))
  return { active: checks[LEASE_CHECK]?.detail === ACTIVE }
}

/** Answers when the engine behind the proxy does. */
export async function observeEngineProxy(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<true> {
  const answer = await http.get(`${origin}/health`, signal)
  if ([502, 503, 504].includes(answer.status))
    throw new PlatformError('ENGINE_UNREACHABLE', 'the engine behind it does not answer')
  bodyOf(answer)
  return true
}

export async function observePrometheus(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<true> {
  bodyOf(await http.get(`${origin}/-/ready`, signal))
  return true
}

/** The trial store refuses whoever does not sign, which is as good an answer as any. */
export async function observeStore(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<true> {
  const { status } = await http.get(`${origin}/`, signal)
  if (status !== 403) throw new PlatformError('UPSTREAM_FAILED', `HTTP ${status}`)
  return true
}
