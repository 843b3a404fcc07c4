/** For tests of what controllers start: the engine with one container. */
import type { EngineInspection } from '../engine/engine.ts'

/** The engine's one container, which rests. */
export class FakeRunner {
  readonly #name: string
  /** Null: it does not run. */
  startedMs: number | null = null
  isThere = true
  readonly acts: string[] = []
  onStart: () => void = () => undefined
  onAsk: () => Promise<void> = () => Promise.resolve()

  constructor(name: string) {
    this.#name = name
  }

  readonly inspect = async (name: string): Promise<EngineInspection | undefined> => {
    await this.onAsk()
    if (name !== this.#name || !this.isThere) return undefined
    const running = this.startedMs !== null
    return {
      id: 'c1',
      status: running ? 'running' : 'exited',
      running,
      paused: false,
      restarting: false,
      pid: running ? 4711 : 0,
      exitCode: 0,
      oomKilled: false,
      startedAt: new Date(this.startedMs ?? 0).toISOString(),
      finishedAt: new Date(0).toISOString(),
      restartCount: 0,
    }
  }
  readonly start = (name: string): Promise<void> => {
    this.acts.push(`start ${name}`)
    this.onStart()
    return Promise.resolve()
  }
  readonly stop = (name: string, graceSeconds?: number): Promise<void> => {
    this.acts.push(`stop ${name} ${graceSeconds ?? 'at once'}`)
    this.startedMs = null
    return Promise.resolve()
  }
}
