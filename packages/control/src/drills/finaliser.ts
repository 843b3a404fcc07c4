/**
 * What is left to mend if the drill itself is killed: written before each fault, removed after the clean-up, and
 * carried out by `drill heal` or by whoever starts the next drill.
 */
import { z } from 'zod'
import type { DrillRecords } from './drill-records.ts'
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

/** Undefined: this code cannot read it. */
export function parseFinaliser(text: string): Finaliser | undefined {
  try {
    return finaliser.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}

/**
 * The record while a drill runs. Several faults may be open at once; each is noted before it is made and struck out
 * when it is mended. What is kept is never behind what was promised here.
 */
export class HealBook {
  readonly #records: Pick<DrillRecords, 'saveUnfinished'>
  readonly #head: Omit<Finaliser, 'heal' | 'sessions'>
  readonly #open = new Map<string, readonly HealStep[]>()
  #sessions: readonly string[] = []
  #writing: Promise<void> = Promise.resolve()

  constructor(
    records: Pick<DrillRecords, 'saveUnfinished'>,
    head: Omit<Finaliser, 'heal' | 'sessions'>,
  ) {
    this.#records = records
    this.#head = head
  }

  /** Every open step, the newest fault's first: faults are mended in the reverse order. */
  get steps(): readonly HealStep[] {
    return [...this.#open.values()].reverse().flat()
  }

  /** Resolves when the record is kept; only then may the fault be made. */
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
    const save = (): Promise<void> => this.#records.saveUnfinished(record)
    this.#writing = this.#writing.then(save, save)
    return this.#writing
  }
}
