/**
 * The part of the container engine's HTTP API that the controllers may use, for both sides of the engine proxy: the
 * client (control/engine) sends these request targets, and the proxy (render/engine-proxy) lets nothing else through.
 */
import { LABELS } from '../render/compose.ts'
import { COMPONENTS, type Component } from '../topology/containers.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'

/** Every engine since 20.10 answers this version. */
export const ENGINE_API = '/v1.41'

/** What a fence, an orderly end and a drill need. */
export const KILL_SIGNALS = ['SIGKILL', 'SIGTERM', 'SIGSTOP', 'SIGCONT'] as const
export type KillSignal = (typeof KILL_SIGNALS)[number]

/** The engine's `filters` parameter for whatever carries this cluster's label. */
export const clusterFilter = (cluster: string): string =>
  encodeURIComponent(JSON.stringify({ label: [`${LABELS.cluster}=${cluster}`] }))

/** The same, for events of containers alone. */
const eventFilter = (cluster: string): string =>
  encodeURIComponent(
    JSON.stringify({ label: [`${LABELS.cluster}=${cluster}`], type: ['container'] }),
  )

const ofContainer = (name: string, what: string): string =>
  `${ENGINE_API}/containers/${name}/${what}`

/** Longest grace that the proxy lets through, seconds; without one the container's own holds. */
export const MAX_GRACE_SECONDS = 99
const graceOf = (seconds: number | undefined): string =>
  seconds === undefined ? '' : `?t=${seconds}`

/** Request targets exactly as they are sent: the proxy compares them letter by letter. */
export const engineTargets = {
  ping: `${ENGINE_API}/_ping`,
  version: `${ENGINE_API}/version`,
  list: (cluster: string) =>
    `${ENGINE_API}/containers/json?all=1&filters=${clusterFilter(cluster)}`,
  /** @param sinceMs wall-clock milliseconds; what happened since then comes first. */
  events: (cluster: string, sinceMs: number) =>
    `${ENGINE_API}/events?since=${(sinceMs / 1000).toFixed(3)}&filters=${eventFilter(cluster)}`,
  inspect: (name: string) => ofContainer(name, 'json'),
  start: (name: string) => ofContainer(name, 'start'),
  stop: (name: string, graceSeconds?: number) => ofContainer(name, `stop${graceOf(graceSeconds)}`),
  kill: (name: string, signal: KillSignal) => ofContainer(name, `kill?signal=${signal}`),
  restart: (name: string, graceSeconds?: number) =>
    ofContainer(name, `restart${graceOf(graceSeconds)}`),
  pause: (name: string) => ofContainer(name, 'pause'),
  unpause: (name: string) => ofContainer(name, 'unpause'),
} as const

/** One kind of request that the proxy lets through. */
export interface EngineRule {
  readonly method: 'GET' | 'POST'
  /** Regular expression of the whole request target, query included; means the same in PCRE and here. */
  readonly target: string
}

/**
 * Only ever brought back, never ended: a controller that could end the other one would make one fault two, and an
 * engine proxy that is ended can no longer be asked to start anything.
 */
const REVIVED: readonly Component[] = ['controller', 'engine-proxy']

const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)
const whole = (pattern: string): string => `^${pattern}$`

/** Everything that a controller of this cluster may ask of the engine. */
export const engineRules = ({
  name: cluster,
}: Pick<ClusterSpec, 'name'>): readonly EngineRule[] => {
  const oneOf = (words: readonly string[]): string => `(${words.join('|')})`
  const api = literally(ENGINE_API)
  const containers = (components: readonly Component[]): string =>
    `${api}/containers/${cluster}-${oneOf(components)}-[1-9][0-9]?`
  const ended = COMPONENTS.filter((component) => !REVIVED.includes(component))
  const get = (target: string): EngineRule => ({ method: 'GET', target: whole(target) })
  const post = (target: string): EngineRule => ({ method: 'POST', target: whole(target) })
  return [
    get(literally(engineTargets.ping)),
    get(literally(engineTargets.version)),
    get(`${api}/containers/json\\?(all=1&)?filters=${literally(clusterFilter(cluster))}`),
    get(
      `${api}/events\\?(since=[0-9]{1,11}(\\.[0-9]{1,9})?&)?filters=${literally(eventFilter(cluster))}`,
    ),
    get(`${containers(COMPONENTS)}/json`),
    post(`${containers(COMPONENTS)}/(start|unpause)`),
    post(`${containers(ended)}/pause`),
    post(`${containers(ended)}/kill\\?signal=${oneOf(KILL_SIGNALS)}`),
    post(`${containers(ended)}/(stop|restart)(\\?t=[0-9]{1,2})?`),
  ]
}

/** Whether the rules let this request through; the proxy's own decision, for tests. */
export const isAllowed = (rules: readonly EngineRule[], method: string, target: string): boolean =>
  rules.some((rule) => rule.method === method && new RegExp(rule.target).test(target))
