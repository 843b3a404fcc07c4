/** The engine's stream of events: one JSON object a line, in pieces that end anywhere. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { LABELS } from '@neuronha/core/render/compose.ts'
import { z } from 'zod'

export const EVENT_ACTIONS = [
  'create',
  'start',
  'kill',
  'die',
  'stop',
  'restart',
  'pause',
  'unpause',
  'oom',
  'destroy',
] as const
export type EventAction = (typeof EVENT_ACTIONS)[number]

/** Something happened to a container of the cluster. */
export interface EngineEvent {
  readonly name: string
  readonly id: string
  readonly action: EventAction
  /** Wall-clock milliseconds of the engine's machine. */
  readonly atMs: number
}

const message = z.object({
  Type: z.string(),
  /** `die`, but also `exec_start: sh -c …`. */
  Action: z.string(),
  Actor: z.object({ ID: z.string(), Attributes: z.record(z.string(), z.string()).default({}) }),
  timeNano: z.number(),
})

const MAX_LINE = 1024 * 1024

const isAction = (word: string): word is EventAction =>
  EVENT_ACTIONS.some((action) => action === word)

/** Takes the stream's pieces in order; gives the events that each completes. */
export function createEventDecoder(cluster: string): (piece: Uint8Array) => readonly EngineEvent[] {
  const decoder = new TextDecoder()
  let rest = ''
  return (piece) => {
    const lines = (rest + decoder.decode(piece, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE) throw notEvents(rest)
    return lines.filter((line) => line.trim() !== '').flatMap((line) => readEvent(cluster, line))
  }
}

function readEvent(cluster: string, line: string): readonly EngineEvent[] {
  const { Type, Action, Actor, timeNano } = parseMessage(line)
  const { name, [LABELS.cluster]: label } = Actor.Attributes
  if (Type !== 'container' || label !== cluster || name === undefined || !isAction(Action))
    return []
  return [{ name, id: Actor.ID, action: Action, atMs: timeNano / 1e6 }]
}

function parseMessage(line: string): z.infer<typeof message> {
  try {
    return message.parse(JSON.parse(line))
  } catch {
    throw notEvents(line)
  }
}

const notEvents = (text: string): PlatformError =>
  new PlatformError(
    'ENGINE_FAILED',
    `the container engine sent something else than events: ${text.slice(0, 120)}`,
  )
