/** One run of the load generator: set up, announce, send on each path, drain, and write it all down. */
import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { LoadgenConfig, LoadPath } from '@neuronha/core/config/loadgen.ts'
import { createFrontDoor } from './front-door.ts'
import { prepareHttpSender } from './http-sender.ts'
import { ProgressCounter, type LedgerWriter } from './ledger-writer.ts'
import { runOpenLoop } from './open-loop.ts'
import { sendWithRetries, type RetryDeps } from './retry.ts'
import type { ReadBack, Sender } from './sender.ts'
import { createConnectSender, createSqlSender } from './sql-sender.ts'

export interface GenerateLoadOptions {
  readonly config: LoadgenConfig
  readonly ledger: LedgerWriter
  /** Ends the load early; what is in flight is finished. */
  readonly signal: AbortSignal
  /** A line for whoever watches the container. */
  readonly announce: (line: object) => void
}

interface Load extends GenerateLoadOptions {
  readonly progress: ProgressCounter
  readonly nowMs: () => number
  readonly acknowledged: (path: LoadPath) => void
}

const pause = (ms: number): Promise<void> => sleep(ms)
const round = (ms: number): number => Math.round(ms * 10) / 10

export async function generateLoad(options: GenerateLoadOptions): Promise<void> {
  const { config, ledger, signal } = options
  const retry: RetryDeps = {
    nowMs: () => performance.now(),
    sleep: pause,
    random: Math.random,
    onFailedTry: () => undefined,
  }
  const senders = new Map<LoadPath, Sender>()
  let sessions: readonly string[] = []
  if (config.paths !== 'sql') {
    const prepared = await prepareHttpSender(createFrontDoor(config), config, retry)
    senders.set('http', prepared.sender)
    sessions = prepared.sessions
  }
  if (config.paths !== 'http') senders.set('sql', createSqlSender(config))
  if (config.connect !== null) senders.set('connect', createConnectSender(config, config.connect))

  const beganMs = performance.now()
  const nowMs = (): number => performance.now() - beganMs
  const wallMs = performance.timeOrigin + beganMs
  ledger.append({ event: 'start', run: config.run, wallMs, sessions: [...sessions] })
  const progress = new ProgressCounter()
  const notYetReady = new Set(senders.keys())
  const acknowledged = (path: LoadPath): void => {
    if (!notYetReady.delete(path) || notYetReady.size > 0) return
    const line = { event: 'ready', atMs: round(nowMs()) } as const
    ledger.append(line)
    options.announce(line)
  }
  const load: Load = { ...options, progress, nowMs, acknowledged }
  const ticker = setInterval(() => {
    const line = { event: 'progress', atMs: round(nowMs()), ...progress.now() } as const
    ledger.append(line)
    options.announce(line)
  }, 1000)

  const untilMs = await Promise.all(
    [...senders].map(([path, sender]) => runPath(load, path, sender)),
  )
  clearInterval(ticker)
  // A session that cannot be ended now ends by itself; the load was what it was.
  await Promise.allSettled([...senders.values()].map((sender) => sender.close()))
  const end = {
    event: 'end',
    atMs: round(nowMs()),
    scheduledUntilMs: round(Math.max(...untilMs)),
    reason: signal.aborted ? 'asked to stop' : 'time is up',
  } as const
  ledger.append(end)
  options.announce(end)
}

function runPath(load: Load, path: LoadPath, sender: Sender): Promise<number> {
  const { config, ledger, progress, nowMs } = load
  return runOpenLoop({
    ratePerSecond:
      path === 'connect' && config.connect !== null
        ? config.connect.ratePerSecond
        : config.ratePerSecond,
    seconds: config.seconds,
    maxInFlight: config.maxInFlight,
    nowMs,
    sleep: pause,
    signal: load.signal,
    send: (seq, scheduledMs) => sendOne(load, { path, sender, seq, scheduledMs }),
    overload: (seq, scheduledMs) => {
      const atMs = round(nowMs())
      progress.sent(path)
      progress.done(path, false)
      ledger.append({
        event: 'done',
        path,
        seq,
        id: '',
        scheduledMs: round(scheduledMs),
        sentMs: atMs,
        endMs: atMs,
        tries: 0,
        outcome: 'failed',
        kind: 'overload',
        tryMs: null,
        member: null,
        timeline: null,
      })
    },
  })
}

interface Scheduled {
  readonly path: LoadPath
  readonly sender: Sender
  readonly seq: number
  readonly scheduledMs: number
}

async function sendOne(load: Load, { path, sender, seq, scheduledMs }: Scheduled): Promise<void> {
  const { ledger, progress, nowMs } = load
  const id = randomUUID()
  const sentMs = round(nowMs())
  progress.sent(path)
  let tryMs = sentMs
  const outcome = await sendWithRetries(
    (limits) => {
      tryMs = round(nowMs())
      return sender.send({ seq, id, limits })
    },
    retryDeps(load, path, seq),
  )
  const isAcknowledged = outcome.kind === 'ok'
  const by = isAcknowledged ? outcome.value.by : undefined
  progress.done(path, isAcknowledged)
  ledger.append({
    event: 'done',
    path,
    seq,
    id,
    scheduledMs: round(scheduledMs),
    sentMs,
    endMs: round(nowMs()),
    tries: outcome.tries,
    outcome: isAcknowledged ? 'acknowledged' : 'failed',
    kind: isAcknowledged ? null : outcome.reason,
    tryMs: isAcknowledged ? tryMs : null,
    member: by?.member ?? null,
    timeline: by?.timeline ?? null,
  })
  if (!isAcknowledged) return
  load.acknowledged(path)
  if (outcome.value.readBack !== undefined) await readOne(load, path, seq, outcome.value.readBack)
}

async function readOne(load: Load, path: LoadPath, seq: number, readBack: ReadBack): Promise<void> {
  const startMs = load.nowMs()
  const outcome = await sendWithRetries(readBack, retryDeps(load, path, seq))
  const answer = outcome.kind === 'ok' ? outcome.value : null
  const found = answer?.isFresh === true ? 'fresh' : 'stale'
  load.ledger.append({
    event: 'read',
    path,
    seq,
    atMs: round(load.nowMs()),
    latencyMs: round(load.nowMs() - startMs),
    outcome: answer === null ? 'failed' : found,
    member: answer?.member ?? null,
  })
}

const retryDeps = (load: Load, path: LoadPath, seq: number): RetryDeps => ({
  nowMs: load.nowMs,
  sleep: pause,
  random: Math.random,
  onFailedTry: (kind) => {
    load.progress.failedTry(path)
    load.ledger.append({ event: 'try', path, seq, atMs: round(load.nowMs()), kind })
  },
})
