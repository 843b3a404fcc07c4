/**
 * What a process says of itself. Liveness is the process alone; readiness is every check that was added,
 * plus "not draining". Checks are synchronous looks at state that is kept anyway: a probe never opens a
 * connection, so a slow database cannot make every replica unready at once.
 */
export interface CheckResult {
  readonly ok: boolean
  /** A short fact, or why it is not ok. */
  readonly detail?: string
}

export interface HealthReport {
  readonly ready: boolean
  readonly draining: boolean
  readonly checks: Readonly<Record<string, CheckResult>>
}

export interface Health {
  /** `check` decides readiness. */
  add(name: string, check: () => CheckResult): void
  setDraining(): void
  isDraining(): boolean
  report(): HealthReport
}

export const createHealth = (): Health => {
  const checks = new Map<string, () => CheckResult>()
  let draining = false
  return {
    add: (name, check) => void checks.set(name, check),
    setDraining: () => {
      draining = true
    },
    isDraining: () => draining,
    report: () => {
      const results = Object.fromEntries([...checks].map(([name, check]) => [name, check()]))
      const ready = !draining && Object.values(results).every(({ ok }) => ok)
      return { ready, draining, checks: results }
    },
  }
}
