/**
 * What is left to mend if the drill itself is killed: written before each fault, removed after the clean-up, and
 * carried out by `drill heal` or by whoever starts the next drill.
 */
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { z } from 'zod'
import { readTextIfThere, writeAtomically } from '../state/state-folder.ts'
import { healStep, type HealStep } from './heal.ts'

const finaliser = z.object({
  drill: z.string(),
  run: z.string(),
  startedAt: z.string(),
  heal: z.array(healStep),
  /** The run's private folder: configuration with secrets, and the ledger. */
  workDir: z.string(),
  sessions: z.array(z.string()),
})
export type Finaliser = z.infer<typeof finaliser>

const fileOf = (drillsDir: string): string => join(drillsDir, 'unfinished.json')

export const clearFinaliser = (drillsDir: string): Promise<void> =>
  rm(fileOf(drillsDir), { force: true })

/** The record of a drill that did not get to its end, if there is one. */
export async function loadFinaliser(drillsDir: string): Promise<Finaliser | undefined> {
  const text = await readTextIfThere(fileOf(drillsDir))
  if (text === undefined) return undefined
  const parsed = finaliser.safeParse(parseJson(text))
  if (parsed.success) return parsed.data
  throw new PlatformError('INTERNAL', `${fileOf(drillsDir)} is not readable`, {
    hint: 'It tells what an interrupted drill left to mend. Check `docker ps -a`, then delete it.',
    details: { issues: parsed.error.issues },
  })
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/**
 * The record while a drill runs. Several faults may be open at once; each is noted before it is made and struck out
 * when it is mended. The file on disk is never behind what was promised here.
 */
export class HealBook {
  readonly #drillsDir: string
  readonly #head: Omit<Finaliser, 'heal' | 'sessions'>
  readonly #open = new Map<string, readonly HealStep[]>()
  #sessions: readonly string[] = []
  #writing: Promise<void> = Promise.resolve()

  constructor(drillsDir: string, head: Omit<Finaliser, 'heal' | 'sessions'>) {
    this.#drillsDir = drillsDir
    this.#head = head
  }

  /** Every open step, the newest fault's first: faults are mended in the reverse order. */
  get steps(): readonly HealStep[] {
    return [...this.#open.values()].reverse().flat()
  }

  /** Resolves when the record is on disk; only then may the fault be made. */
  note(id: string, steps: readonly HealStep[]): Promise<void> {
    this.#open.set(id, steps)
    return this.#save()
  }

  strikeOut(id: string): Promise<void> {
    this.#open.delete(id)
    return this.#save()
  }

  setSessions(sessions: readonly string[]): Promise<void> {
    this.#sessions = sessions
    return this.#save()
  }

  #save(): Promise<void> {
    const record: Finaliser = {
      ...this.#head,
      heal: [...this.steps],
      sessions: [...this.#sessions],
    }
    const save = (): Promise<void> =>
      writeAtomically(fileOf(this.#drillsDir), `${JSON.stringify(record, null, 2)}\n`, 0o600)
    this.#writing = this.#writing.then(save, save)
    return this.#writing
  }
}
