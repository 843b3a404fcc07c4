/**
 * Looks at every part of a cluster at once and says what it saw. No answer of one part delays another's: each
 * question has its own deadline below a second, and one that is still open is not asked again. Cheap on
 * purpose, because a controller looks every two seconds for ever: connections are kept, and what Patroni or a
 * service says of itself (a TLS handshake each time, since Patroni closes its connections) is asked less often
 * than PostgreSQL, whose own answer carries roles and lag.
 */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { ObserveConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { createDirectClient, type DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { Login } from '@neuronha/runtime/postgres/endpoint.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { NO_RECORDS, type ClusterRecords } from '../coordination/cluster-records.ts'
import { assessCluster } from './assess-cluster.ts'
import { bodyOf, createHttpClient, type HttpClient } from './http-client.ts'
import { observeEtcd } from './observe-etcd.ts'
import { observePatroni, observePatroniView } from './observe-patroni.ts'
import { observePooler } from './observe-poolers.ts'
import { observePostgres } from './observe-postgres.ts'
import { parseHaproxyStatistics, parseStubStatus } from './observe-proxies.ts'
import {
  observeController,
  observeEngineProxy,
  observePrometheus,
  observeService,
  observeStore,
} from './observe-services.ts'
import { observeSlowFacts } from './observe-slow-facts.ts'
import { createProbe, type Probe } from './probe.ts'
import {
  silent,
  type ControllerAnswer,
  type EdgeAnswer,
  type Observed,
  type PatroniView,
  type RawObservation,
} from './raw-observation.ts'

export interface Observer {
  /** One look, never longer than about a second; the first, which connects, up to 2.5. Does not throw for what it saw. */
  observe(): Promise<ClusterStatus>
  close(): Promise<void>
}

export interface ObserverOptions {
  /** Who looks: the controller's container name, or `cli` (the default). */
  readonly observer?: string
  /** How long a look waits for each answer, milliseconds (default 800). */
  readonly waitMs?: number
  /** How long answers of the slow-changing parts count as fresh (default 0: every look asks everything). */
  readonly slowEveryMs?: number
  /** The controller that looks answers for itself without asking over the network. */
  readonly self?: { readonly name: string; readonly report: () => ControllerAnswer }
  /** Asks etcd what it holds; without it the status says that it holds nothing. */
  readonly readRecords?: () => Promise<ClusterRecords>
}

interface Ask {
  readonly http: HttpClient
  readonly waitMs: number
  readonly slowEveryMs: number
}

/** A disk fills slowly, and drills are rare. */
const SLOW_FACTS_EVERY_MS = 30_000

/**
 * When an open question is given up and its connection closed. Long, because a member that is short of processors answers
 * late, and every question that was given up costs it another login.
 */
const GIVE_UP_MS = 6000
/** The first look connects to everything; whoever asks for it waits this long for each answer. */
const FIRST_WAIT_MS = 2400

const ask = <T>(
  { waitMs }: Ask,
  everyMs: number,
  question: (signal: AbortSignal) => Promise<T>,
): Probe<T> =>
  createProbe({
    ask: question,
    waitMs,
    firstWaitMs: FIRST_WAIT_MS,
    giveUpMs: GIVE_UP_MS,
    everyMs,
  })

const origin = (address: string, port: number): string => `https://${address}:${port}`

type Named<T> = T & { readonly name: string; readonly address: string }

/** Asks all of one kind at once, keeping their order. */
const askAll = <T, P extends { readonly name: string }>(
  parts: readonly P[],
  probeOf: (part: P) => Probe<T>,
): (() => Promise<(Observed<T> & P)[]>) => {
  const probes = parts.map((part) => ({ part, probe: probeOf(part) }))
  return () =>
    Promise.all(probes.map(async ({ part, probe }) => ({ ...part, answer: await probe() })))
}

/** GET /cluster of whoever answered last, of all the others when that one fails. */
const createPatroniViewProbe = (
  context: Ask,
  members: readonly Named<object>[],
): Probe<PatroniView> => {
  let preferred = members[0]?.address
  const view = (address: string, signal: AbortSignal) =>
    observePatroniView(context.http, origin(address, PORTS.patroni), signal)
  return createProbe({
    waitMs: context.waitMs,
    firstWaitMs: FIRST_WAIT_MS,
    giveUpMs: GIVE_UP_MS,
    everyMs: Math.min(context.slowEveryMs, 900),
    ask: async (signal) => {
      const first = AbortSignal.any([signal, AbortSignal.timeout(context.waitMs / 2)])
      if (preferred !== undefined) {
        const seen = await view(preferred, first).catch(() => undefined)
        if (seen !== undefined) return seen
      }
      const others = members.filter(({ address }) => address !== preferred)
      return Promise.any(
        others.map(async ({ address }) => {
          const seen = await view(address, signal)
          preferred = address
          return seen
        }),
      ).catch(() => {
        throw new PlatformError('UPSTREAM_FAILED', 'no member answers with the cluster’s view')
      })
    },
  })
}

const edgeProbe = (
  context: Ask,
  { address, kind }: ObserveConfig['edges'][number],
): Probe<EdgeAnswer> =>
  ask(context, 0, async (signal) => {
    const base = origin(address, PORTS.edgeStats)
    if (kind === 'nginx')
      return parseStubStatus(bodyOf(await context.http.get(`${base}/status`, signal)))
    const { sessions, requests } = parseHaproxyStatistics(
      bodyOf(await context.http.get(`${base}/stats;csv`, signal)),
    )
    return { connections: sessions, requests }
  })

/** Everything that is asked over HTTPS, one function per kind. */
const httpQuestions = (config: ObserveConfig, context: Ask, self: ObserverOptions['self']) => {
  const { http, slowEveryMs } = context
  return {
    patroniView: createPatroniViewProbe(context, config.members),
    etcd: askAll(config.etcd, ({ address }) =>
      ask(context, slowEveryMs, (signal) =>
        observeEtcd(http, origin(address, PORTS.etcdClient), signal),
      ),
    ),
    routers: askAll(config.routers, ({ address }) =>
      ask(context, 0, async (signal) =>
        parseHaproxyStatistics(
          bodyOf(await http.get(`${origin(address, PORTS.routerStats)}/stats;csv`, signal)),
        ),
      ),
    ),
    edges: askAll(config.edges, (edge) => edgeProbe(context, edge)),
    services: askAll(config.services, ({ address, port }) =>
      ask(context, slowEveryMs, (signal) => observeService(http, origin(address, port), signal)),
    ),
    controllers: askAll(config.controllers, ({ name, address }) =>
      ask(context, 0, (signal) =>
        name === self?.name
          ? Promise.resolve(self.report())
          : observeController(http, origin(address, PORTS.controller), signal),
      ),
    ),
    engineProxies: askAll(config.engineProxies, ({ address }) =>
      ask(context, slowEveryMs, (signal) =>
        observeEngineProxy(http, origin(address, PORTS.engineProxyStats), signal),
      ),
    ),
    prometheus: askAll(config.prometheus, ({ address }) =>
      ask(context, slowEveryMs * 2, (signal) =>
        observePrometheus(http, origin(address, PORTS.prometheus), signal),
      ),
    ),
    stores: askAll(config.stores, ({ address }) =>
      ask(context, slowEveryMs, (signal) =>
        observeStore(http, origin(address, PORTS.store), signal),
      ),
    ),
    // Alertmanager has the same readiness page.
    alertmanagers: askAll(config.alertmanagers, ({ address }) =>
      ask(context, slowEveryMs * 2, (signal) =>
        observePrometheus(http, origin(address, PORTS.alertmanager), signal),
      ),
    ),
  }
}

/** What is asked in PostgreSQL's protocol: members, and the poolers' consoles. */
const databaseQuestions = (config: ObserveConfig, context: Ask, clients: DirectClient[]) => {
  const tls = loadTls(config.tls)
  const { http, slowEveryMs } = context
  const connect = (address: string, port: number, login: Login): DirectClient => {
    const client = createDirectClient({
      endpoint: { name: address, address, port },
      login,
      tls,
      applicationName: 'neuronha-observer',
      isPatient: true,
    })
    clients.push(client)
    return client
  }
  const poolers = askAll(config.poolers, ({ address }) => {
    const client = connect(address, PORTS.pooler, { ...config.poolerStats, database: 'pgbouncer' })
    return ask(context, 0, () => observePooler(client, GIVE_UP_MS))
  })
  const postgres = askAll(config.members, ({ address }) => {
    const client = connect(address, PORTS.postgres, config.database)
    return ask(context, 0, () => observePostgres(client, GIVE_UP_MS))
  })
  const patroni = askAll(config.members, ({ address }) =>
    ask(context, slowEveryMs, (signal) =>
      observePatroni(http, origin(address, PORTS.patroni), signal),
    ),
  )
  const slowFacts = askAll(config.members, ({ address }) => {
    // Not on the connection that tells whether the member lives: a disk that hangs must not look like a dead member.
    const client = connect(address, PORTS.postgres, config.database)
    return ask(context, SLOW_FACTS_EVERY_MS, () => observeSlowFacts(client, GIVE_UP_MS))
  })
  const members = async (): Promise<RawObservation['members']> => {
    const [databases, agents, facts] = await Promise.all([postgres(), patroni(), slowFacts()])
    return databases.map(({ answer, ...member }, index) => ({
      ...member,
      postgres: answer,
      patroni: agents[index]?.answer ?? silent('not asked'),
      slowFacts: facts[index]?.answer ?? silent('not asked'),
    }))
  }
  return { members, poolers }
}

/** They change seldom: while etcd is away, what it said last is the best that is known. */
const createRecordsProbe = (
  context: Ask,
  read: ObserverOptions['readRecords'],
): (() => Promise<ClusterRecords>) => {
  if (read === undefined) return () => Promise.resolve(NO_RECORDS)
  const probe = ask(context, context.slowEveryMs, read)
  let known = NO_RECORDS
  return async () => {
    const answer = await probe()
    if (answer.ok) known = answer.value
    return known
  }
}

type Answers<Q extends Readonly<Record<string, () => Promise<unknown>>>> = {
  readonly [Name in keyof Q]: Awaited<ReturnType<Q[Name]>>
}

/** All questions at once, the answers under the questions' names. */
const askEverything = async <Q extends Readonly<Record<string, () => Promise<unknown>>>>(
  questions: Q,
): Promise<Answers<Q>> =>
  Object.fromEntries(
    await Promise.all(
      Object.entries(questions).map(async ([name, question]) => [name, await question()] as const),
    ),
  ) as Answers<Q>

/** A long-lived observer; `close()` ends its connections. */
export function createObserver(config: ObserveConfig, options: ObserverOptions = {}): Observer {
  const { observer = 'cli', waitMs = 800, slowEveryMs = 0, self } = options
  const http = createHttpClient(loadTls(config.tls))
  const clients: DirectClient[] = []
  const context: Ask = { http, waitMs, slowEveryMs }
  const questions = {
    ...httpQuestions(config, context, self),
    ...databaseQuestions(config, context, clients),
    records: createRecordsProbe(context, options.readRecords),
  }
  const observe = async (): Promise<ClusterStatus> => {
    const observedAt = new Date()
    return assessCluster({
      config,
      observedAt,
      observer,
      ...(await askEverything(questions)),
    })
  }
  return {
    observe,
    close: async () => {
      await Promise.all([http.close(), ...clients.map((client) => client.close())])
    },
  }
}
