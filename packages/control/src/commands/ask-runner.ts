/** Asks for what a runner that rests does, and waits until it has done it. The active controller starts it. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { PagedKv } from '../etcd/kv.ts'
import type { ProgressStep } from '../setup/progress.ts'

export type ValueOf = (key: string) => string | undefined

export interface RunnerQuestion<Request extends { readonly id: string }, Outcome> {
  readonly kv: PagedKv
  readonly signal: AbortSignal
  readonly step: Pick<ProgressStep, 'note'>
  readonly requestKey: string
  /** What else is read at each look. */
  readonly keys: readonly string[]
  /** What is asked for; made when nothing else is asked for any more. */
  readonly make: () => Promise<Request>
  readonly parse: (value: string | undefined) => (Request & { readonly by: string }) | undefined
  /** One that somebody asked for already, and which is as good as ours. */
  readonly isSame: (present: Request) => boolean
  readonly outcomeOf: (valueOf: ValueOf, request: Request) => Outcome | undefined
  /** How far it is; undefined: it has not begun. */
  readonly noteOf: (valueOf: ValueOf) => string | undefined
  /** How the kinds of its events begin. */
  readonly events: string
  /** user@machine. */
  readonly by: string
}

const LOOK_EVERY_MS = 1000
/** A controller looks every few seconds, and may have to take over first. */
const TAKEN_UP_MS = 60_000

/** @throws PlatformError CLUSTER_DEGRADED when no controller begins; BACKUP_FAILED when it is given up. */
export async function askRunner<Request extends { readonly id: string }, Outcome>(
  question: RunnerQuestion<Request, Outcome>,
): Promise<Outcome> {
  const request = await ask(question)
  const { kv, signal, step, requestKey, keys, parse, outcomeOf, noteOf } = question
  const untilMs = performance.now() + TAKEN_UP_MS
  let isTakenUp = false
  for (;;) {
    const { kvs } = await kv.read([requestKey, ...keys].map((key) => ({ key })))
    const valueOf: ValueOf = (key) => kvs.find((kv) => kv.key === key)?.value
    const outcome = outcomeOf(valueOf, request)
    if (outcome !== undefined) return outcome
    if (parse(valueOf(requestKey))?.id !== request.id)
      throw new PlatformError('BACKUP_FAILED', 'it was given up', {
        hint: `\`./neuronha events --kind ${question.events}\` says why.`,
      })
    const note = noteOf(valueOf)
    if (note !== undefined) {
      isTakenUp = true
      step.note(note)
    }
    if (!isTakenUp && performance.now() > untilMs) {
      await takeBack(kv, requestKey, valueOf(requestKey))
      throw new PlatformError(
        'CLUSTER_DEGRADED',
        `no controller began within ${TAKEN_UP_MS / 1000} s; nothing is asked for any more`,
        { hint: '`./neuronha status` shows whether a controller is active.' },
      )
    }
    await sleep(LOOK_EVERY_MS, signal)
  }
}

/** Only what was asked for here, and only as it was. */
async function takeBack(kv: PagedKv, key: string, value: string | undefined): Promise<void> {
  if (value !== undefined) await kv.transaction([{ key, value }], [{ delete: key }])
}

async function ask<Request extends { readonly id: string }, Outcome>({
  kv,
  signal,
  step,
  requestKey: key,
  make,
  parse,
  isSame,
  by,
}: RunnerQuestion<Request, Outcome>): Promise<Request> {
  for (;;) {
    const present = parse((await kv.get(key))?.value)
    // What the schedule asked for may wait for maintenance to end; what a person asks for does not.
    if (present !== undefined && isSame(present)) {
      const mine = { ...present, by }
      await kv.transaction(
        [{ key, value: JSON.stringify(present) }],
        [{ put: key, value: JSON.stringify(mine) }],
      )
      return present
    }
    if (present === undefined) {
      const request = await make()
      const { succeeded } = await kv.transaction(
        [{ key, createRevision: '0' }],
        [{ put: key, value: JSON.stringify(request) }],
      )
      if (succeeded) return request
      // Our own first try may have been it: its answer was lost, and the client sent it again.
      if (parse((await kv.get(key))?.value)?.id === request.id) return request
    } else step.note(`after what ${present.by} asked for`)
    await sleep(LOOK_EVERY_MS, signal)
  }
}
