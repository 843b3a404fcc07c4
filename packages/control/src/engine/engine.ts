/**
 * The container engine as the CLI and the controllers use it: what runs, and the life of single containers. The CLI
 * talks to the engine's socket; a controller only has the engine proxy, which lets through what contracts/engine-api lists.
 *
 * Acts are by name and have reached their end when they return: killing what does not run, or starting what runs, is
 * success. An error or a deadline says nothing about what happened; inspect.
 */
import assert from 'node:assert/strict'
import {
  clusterFilter,
  ENGINE_API,
  engineTargets,
  KILL_SIGNALS,
  MAX_GRACE_SECONDS,
  type KillSignal,
} from '@neuronha/core/contracts/engine-api.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS } from '@neuronha/core/render/compose.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { z } from 'zod'
import { createEventDecoder, type EngineEvent } from './engine-events.ts'
import {
  createProxyTransport,
  inTurn,
  createSocketTransport,
  refusal,
  type EngineAnswer,
  type EngineTransport,
} from './engine-transport.ts'

export type { EngineEvent } from './engine-events.ts'

export interface EngineContainer {
  readonly id: string
  readonly name: string
  readonly component: string
  /** `running`, `exited`, `created`, `restarting`, `paused`, `removing`, `dead`. */
  readonly state: string
  readonly image: string
  /** Hash of the configuration that the container was made from. */
  readonly config: string
  /** Hash of that part of it which counts only when the container starts. */
  readonly start: string
}

export interface EngineInspection {
  readonly id: string
  /** The same words as EngineContainer.state. */
  readonly status: string
  readonly running: boolean
  readonly paused: boolean
  readonly restarting: boolean
  /** Process id of the container's first process on its machine; 0 when it does not run. */
  readonly pid: number
  readonly exitCode: number
  readonly oomKilled: boolean
  /** With the id, names an incarnation: a restart keeps the id and changes this. */
  readonly startedAt: string
  readonly finishedAt: string
  readonly restartCount: number
}

export interface Engine {
  /** Every container of the cluster, stopped ones included. */
  list(): Promise<readonly EngineContainer[]>
  /** Undefined: there is no such container. */
  inspect(name: string): Promise<EngineInspection | undefined>
  start(name: string): Promise<void>
  /** Without a grace, the container's own. */
  stop(name: string, graceSeconds?: number): Promise<void>
  /** SIGKILL unless said otherwise. It does not come back by itself afterwards. */
  kill(name: string, signal?: KillSignal): Promise<void>
  restart(name: string, graceSeconds?: number): Promise<void>
  pause(name: string): Promise<void>
  unpause(name: string): Promise<void>
  /**
   * What happens from this call on, also while the connection is still being made: call it first, then inspect, and
   * nothing is missed. Ends when the connection ends or the signal aborts; throws when there was none.
   */
  events(signal: AbortSignal): AsyncIterable<EngineEvent>
  close(): Promise<void>
}

/** This machine's own engine: what only commands may do. */
export interface SocketEngine extends Engine {
  /** Names of the cluster's volumes. */
  listVolumes(): Promise<readonly string[]>
  /** Removes a volume that no container uses; one that is gone already is no error. */
  removeVolume(name: string): Promise<void>
  /** Stops and removes a container; its volume stays. One that is gone already is no error. */
  removeContainer(name: string): Promise<void>
}

export interface SocketEngineOptions {
  readonly cluster: string
  readonly socketPath?: string
}

export interface ProxyEngineOptions {
  readonly cluster: string
  /** Proxies of the same engine, for example https://10.77.0.221:2376; one that is silent gives way to the next. */
  readonly urls: readonly [string, ...string[]]
  readonly tls: TlsFiles
  /** For questions and for quick acts, milliseconds; default 2000. */
  readonly deadlineMs?: number
}

/** A start waits for nothing but the engine; a loaded machine takes seconds. */
const START_DEADLINE_MS = 30_000
/** The longest grace of our containers (a member's, 60 s) with room for the kill after it. */
const OWN_GRACE_DEADLINE_MS = 90_000
/** Beside its grace, a stop takes a kill and what the engine cleans up. */
const STOP_MARGIN_MS = 15_000
const REMOVE_GRACE_SECONDS = 60

const listed = z.array(
  z.object({
    Id: z.string(),
    Names: z.array(z.string()),
    Image: z.string(),
    State: z.string(),
    Labels: z.record(z.string(), z.string()),
  }),
)

const inspected = z.object({
  Id: z.string(),
  RestartCount: z.int(),
  State: z.object({
    Status: z.string(),
    Running: z.boolean(),
    Paused: z.boolean(),
    Restarting: z.boolean(),
    OOMKilled: z.boolean(),
    Pid: z.int(),
    ExitCode: z.int(),
    StartedAt: z.string(),
    FinishedAt: z.string(),
  }),
})

const listedVolumes = z.object({ Volumes: z.array(z.object({ Name: z.string() })).nullable() })

/** The engine of this machine, for commands. Holds no connection between calls, except for events. */
export function createSocketEngine({ cluster, socketPath }: SocketEngineOptions): SocketEngine {
  const transport = createSocketTransport(socketPath)
  const deadlineMs = 10_000
  const engine = createEngine(transport, cluster, deadlineMs)
  const remove = async (target: string): Promise<void> => {
    const answer = await transport.ask('DELETE', `${ENGINE_API}${target}`, START_DEADLINE_MS)
    if (answer.status >= 300 && answer.status !== 404)
      throw refusal(transport.where, 'DELETE', target, answer)
  }
  return {
    ...engine,
    listVolumes: async () => {
      const target = `${ENGINE_API}/volumes?filters=${clusterFilter(cluster)}`
      const answer = await transport.ask('GET', target, deadlineMs)
      const { Volumes } = read(transport, target, answer, listedVolumes)
      return (Volumes ?? []).map(({ Name }) => Name)
    },
    removeVolume: (name) => remove(`/volumes/${safeName(name)}`),
    removeContainer: async (name) => {
      if ((await engine.inspect(name)) === undefined) return
      // What does not stop in order is removed all the same.
      await engine.stop(name, REMOVE_GRACE_SECONDS).catch(() => undefined)
      try {
        await remove(`/containers/${safeName(name)}?force=1`)
      } catch (thrown) {
        // One that removes itself when it ends is on its way out already.
        if (!(await isGone(engine, name))) throw thrown
      }
    },
  }
}

const GONE_MS = 10_000
const LOOK_EVERY_MS = 100

/** Looks for a while. */
async function isGone({ inspect }: Pick<Engine, 'inspect'>, name: string): Promise<boolean> {
  const untilMs = performance.now() + GONE_MS
  while (performance.now() < untilMs) {
    if ((await inspect(name)) === undefined) return true
    await sleep(LOOK_EVERY_MS)
  }
  return false
}

/** The engine behind an engine proxy, for controllers. */
export const createProxyEngine = (options: ProxyEngineOptions): Engine =>
  createEngine(
    inTurn(mapAll(options.urls, (url) => createProxyTransport(url, options.tls))),
    options.cluster,
    options.deadlineMs ?? 2000,
  )

const mapAll = <T, U>(
  [first, ...rest]: readonly [T, ...T[]],
  change: (value: T) => U,
): readonly [U, ...U[]] => [change(first), ...rest.map(change)]

/** Names become part of a request target: nothing but a plain name may. */
const safeName = (name: string): string => {
  assert.match(name, /^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/)
  return name
}

function read<T>(
  { where }: EngineTransport,
  target: string,
  answer: EngineAnswer,
  schema: z.ZodType<T>,
): T {
  if (answer.status !== 200) throw refusal(where, 'GET', target, answer)
  try {
    return schema.parse(JSON.parse(answer.body))
  } catch (cause) {
    const message = `${where} answered GET ${target} with something else than expected`
    throw new PlatformError('ENGINE_FAILED', message, { cause })
  }
}

/** What an act has reached when the engine says that there was nothing to do. */
type Reached = (seen: EngineInspection | undefined) => boolean

const isDown: Reached = (seen) => seen?.running === false
const isUp: Reached = (seen) => seen?.running === true && !seen.paused
const isPaused: Reached = (seen) => seen?.paused === true

function createEngine(transport: EngineTransport, cluster: string, deadlineMs: number): Engine {
  const inspect: Engine['inspect'] = async (name) => {
    const target = engineTargets.inspect(safeName(name))
    const answer = await transport.ask('GET', target, deadlineMs)
    if (answer.status === 404) return undefined
    const { Id, RestartCount, State } = read(transport, target, answer, inspected)
    return {
      id: Id,
      status: State.Status,
      running: State.Running,
      paused: State.Paused,
      restarting: State.Restarting,
      pid: State.Pid,
      exitCode: State.ExitCode,
      oomKilled: State.OOMKilled,
      startedAt: State.StartedAt,
      finishedAt: State.FinishedAt,
      restartCount: RestartCount,
    }
  }

  /** Engines word "it is so already" differently (304, 409, in 20.10 also 500): the container itself tells. */
  const act = async (
    name: string,
    target: string,
    reached: Reached,
    withinMs = deadlineMs,
  ): Promise<void> => {
    const answer = await transport.ask('POST', target, withinMs)
    if (answer.status < 300 || answer.status === 304) return
    const mayBeSoAlready = answer.status === 409 || answer.status === 500
    if (mayBeSoAlready && reached(await inspect(name))) return
    throw refusal(transport.where, 'POST', target, answer)
  }

  return {
    list: async () => {
      const target = engineTargets.list(cluster)
      const answer = await transport.ask('GET', target, deadlineMs)
      return read(transport, target, answer, listed).map(({ Id, Names, Image, State, Labels }) => ({
        id: Id,
        name: Names[0]?.slice(1) ?? Id,
        component: Labels[LABELS.component] ?? '',
        state: State,
        image: Image,
        config: Labels[LABELS.config] ?? '',
        start: Labels[LABELS.start] ?? '',
      }))
    },
    inspect,
    start: (name) => act(name, engineTargets.start(safeName(name)), isUp, START_DEADLINE_MS),
    stop: (name, graceSeconds) =>
      act(
        name,
        engineTargets.stop(safeName(name), grace(graceSeconds)),
        isDown,
        stopMs(graceSeconds),
      ),
    kill: (name, signal = 'SIGKILL') => {
      assert(KILL_SIGNALS.includes(signal), `${signal} is not let through`)
      return act(name, engineTargets.kill(safeName(name), signal), isDown)
    },
    restart: (name, graceSeconds) =>
      act(
        name,
        engineTargets.restart(safeName(name), grace(graceSeconds)),
        () => false,
        stopMs(graceSeconds) + START_DEADLINE_MS,
      ),
    pause: (name) => act(name, engineTargets.pause(safeName(name)), isPaused),
    unpause: (name) => act(name, engineTargets.unpause(safeName(name)), isUp),
    events: (signal) => {
      const target = engineTargets.events(cluster, Date.now())
      const opening = transport.open(target, deadlineMs, signal)
      // Whoever reads the events hears of it; until then it is nobody's unhandled rejection.
      opening.catch(() => undefined)
      return readEvents(opening, cluster, signal)
    },
    close: () => transport.close(),
  }
}

const grace = (seconds: number | undefined): number | undefined => {
  if (seconds === undefined) return undefined
  assert(Number.isInteger(seconds) && seconds >= 0 && seconds <= MAX_GRACE_SECONDS)
  return seconds
}

const stopMs = (graceSeconds: number | undefined): number =>
  graceSeconds === undefined ? OWN_GRACE_DEADLINE_MS : graceSeconds * 1000 + STOP_MARGIN_MS

async function* readEvents(
  opening: Promise<AsyncIterable<Uint8Array>>,
  cluster: string,
  signal: AbortSignal,
): AsyncGenerator<EngineEvent, void, void> {
  const decode = createEventDecoder(cluster)
  try {
    for await (const piece of await opening) yield* decode(piece)
  } catch (thrown) {
    // A connection that was there and broke is an end; what could not be opened or read is an error.
    if (!signal.aborted && thrown instanceof PlatformError) throw thrown
  }
}
