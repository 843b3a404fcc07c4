/** `drill schedule`: which drills run by themselves, when, and what came of the last ones; `--now` asks for them at once. */
import { randomUUID } from 'node:crypto'
import { coordinationKeys, type DrillRequest } from '@neuronha/core/contracts/coordination.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { whyNoScheduledDrills } from '@neuronha/core/spec/drill-schedule.ts'
import { nextAfter } from '@neuronha/core/spec/schedule.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import { parseDrillRequest, parseHandledUntil } from '../coordination/drill-requests.ts'
import { formatDrillResult } from '../drills/format-result.ts'
import { formatSchedule, type ScheduleView } from '../drills/format-schedule.ts'
import type { PagedKv } from '../etcd/kv.ts'
import { runStep } from '../setup/progress.ts'
import { actorHere, withAudit } from './audit.ts'
import { openCluster, type ClusterChoice, type CommandIo, type OpenCluster } from './context.ts'
import { throwUnlessPassed } from './drill.ts'
import { openDrillDatabase } from './drill-session.ts'
import { openEvents } from './events.ts'

export interface DrillScheduleOptions extends ClusterChoice {
  /** Ask for them now, and wait for what comes of it. */
  readonly now: boolean
}

const LOOK_EVERY_MS = 1000
/** A controller looks every few seconds, and may have to take over first. */
const TAKEN_UP_MS = 60_000
const EVENTS = 200

export async function drillSchedule(io: CommandIo, options: DrillScheduleOptions): Promise<void> {
  const cluster = await openCluster(io, options)
  await withAudit(io, cluster, async (audit) => {
    if (!options.now) {
      const view = await readSchedule(cluster, audit.kv)
      io.out(io.json ? JSON.stringify(view, null, 2) : formatSchedule(view))
      return
    }
    const request = await ask(cluster, audit.kv)
    audit.record({ kind: 'cli.drill.asked', summary: 'the scheduled drills are asked for now' })
    const { results, missing } = await waitFor(io, cluster, audit.kv, request)
    for (const result of io.json ? [] : results) io.out(formatDrillResult(result, io))
    if (io.json) io.out(JSON.stringify(results, null, 2))
    throwUnlessPassed(results)
    if (missing !== null) throw missing
  })
}

async function readSchedule(
  { spec, secrets, state }: OpenCluster,
  kv: PagedKv,
): Promise<ScheduleView> {
  const keys = coordinationKeys(spec.name)
  const [heeded, asked] = await Promise.all([kv.get(keys.drillSchedule), kv.get(keys.drillRequest)])
  const { schedule, scenarios } = spec.drills
  const handledUntilMs = parseHandledUntil(heeded?.value)
  const off = whyNoScheduledDrills(spec)
  const next = off === null ? nextAfter(schedule, handledUntilMs ?? Date.now()) : null
  const results = await resultsOf({ spec, secrets, state })
  return {
    schedule,
    scenarios,
    off,
    nextAt: next === null ? null : new Date(next).toISOString(),
    running: parseDrillRequest(asked?.value) ?? null,
    last: scenarios.flatMap((name) => results.findLast(({ drill }) => drill === name) ?? []),
  }
}

async function resultsOf(cluster: OpenCluster): Promise<readonly DrillResult[]> {
  const database = openDrillDatabase(cluster)
  try {
    return await database.results()
  } finally {
    await database.close()
  }
}

/** @throws PlatformError REFUSED_FOR_SAFETY when none may run here; CONFLICT when they were asked for already. */
async function ask({ spec }: OpenCluster, kv: PagedKv): Promise<DrillRequest> {
  const off = whyNoScheduledDrills(spec)
  if (off !== null)
    throw new PlatformError('REFUSED_FOR_SAFETY', `no drill runs by itself: ${off}`, {
      hint: '`./neuronha drill run NAME` runs one from here.',
    })
  const key = coordinationKeys(spec.name).drillRequest
  const request: DrillRequest = {
    id: randomUUID(),
    scenarios: [...spec.drills.scenarios],
    done: [],
    by: actorHere(),
    requestedAt: new Date().toISOString(),
  }
  const { succeeded } = await kv.transaction(
    [{ key, createRevision: '0' }],
    [{ put: key, value: JSON.stringify(request) }],
  )
  if (succeeded) return request
  throw new PlatformError('CONFLICT', 'drills were asked for already', {
    hint: '`./neuronha drill schedule` shows how far they are.',
  })
}

interface Outcome {
  readonly results: readonly DrillResult[]
  /** Some of what was asked for has no result. */
  readonly missing: PlatformError | null
}

/** Ends when the request is gone: carried out, or given up. Ended early, the drills go on. */
async function waitFor(
  io: CommandIo,
  cluster: OpenCluster,
  kv: PagedKv,
  { id, requestedAt, scenarios }: DrillRequest,
): Promise<Outcome> {
  const keys = coordinationKeys(cluster.spec.name)
  const events = openEvents(cluster)
  const sinceMs = Date.parse(requestedAt)
  const story = async (): Promise<readonly { readonly id: string; readonly summary: string }[]> =>
    (await events.read({ sinceMs, kind: 'drill.', limit: EVENTS })).items
  const told = new Set<string>()
  const tell = async (): Promise<void> => {
    for (const event of await story()) {
      if (!told.has(event.id)) io.progress.say(`  ${event.summary}`)
      told.add(event.id)
    }
  }
  const isAsked = async (): Promise<boolean> =>
    parseDrillRequest((await kv.get(keys.drillRequest))?.value)?.id === id
  try {
    await runStep(io.progress, 'waiting for the controllers’ drills', async () => {
      while (await isAsked()) {
        await tell()
        const isTakenUp = told.size > 0
        if (!isTakenUp && Date.now() - sinceMs > TAKEN_UP_MS) {
          await kv.delete(keys.drillRequest)
          throw new PlatformError(
            'CLUSTER_DEGRADED',
            `no controller began within ${TAKEN_UP_MS / 1000} s; nothing is asked for any more`,
            { hint: '`./neuronha status` shows whether a controller is active.' },
          )
        }
        await sleep(LOOK_EVERY_MS, io.signal)
      }
    })
    await tell()
    const results = (await resultsOf(cluster)).filter(
      ({ startedAt }) => Date.parse(startedAt) >= sinceMs,
    )
    const left = scenarios.filter((name) => !results.some(({ drill }) => drill === name))
    if (left.length === 0) return { results, missing: null }
    const last = (await story()).at(-1)?.summary ?? 'the audit log does not say why'
    return {
      results,
      missing: new PlatformError('DRILL_FAILED', `not rehearsed: ${left.join(', ')}: ${last}`),
    }
  } finally {
    await events.close()
  }
}
