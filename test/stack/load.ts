/** A client's load through the front door while something is done to the cluster. */
import { setTimeout as delay } from 'node:timers/promises'
import { RETRY_POLICY } from '@neuronha/core/config/loadgen.ts'
import { aSession, cluster } from './cluster.ts'

export interface Load {
  readonly failures: string[]
  readonly sent: () => number
  readonly stop: () => Promise<void>
}

/** Writes a second: what is lost shows at any rate, and the slowest machine must not be the one that is tested. */
export const LOAD_RATE = 5

const RETRYABLE = new Set<number>([409, ...RETRY_POLICY.retryableStatuses])

/** Posts messages as a client that retries as documented; what still fails is a client error. */
export async function startLoad(): Promise<Load> {
  const { fetchEdge } = cluster()
  const { sessionId } = await aSession()
  const failures: string[] = []
  const pending = new Set<Promise<void>>()
  let sent = 0
  const post = async (): Promise<void> => {
    const key = crypto.randomUUID()
    const startedAt = Date.now()
    let last = ''
    for (
      let attempt = 1;
      attempt <= RETRY_POLICY.maxTries && Date.now() - startedAt < RETRY_POLICY.totalMs;
      attempt++
    ) {
      try {
        const { status, text } = await fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { content: `load ${key}` },
          timeoutMs: RETRY_POLICY.tryTimeoutMs,
        })
        if (status === 201) return
        last = `${status} ${text.slice(0, 200)}`
        if (!RETRYABLE.has(status)) break
      } catch (error) {
        last = String(error)
      }
      await delay(Math.min(2000, 100 * 2 ** attempt))
    }
    failures.push(last)
  }
  const timer = setInterval(() => {
    sent++
    const one = post().finally(() => pending.delete(one))
    pending.add(one)
  }, 1000 / LOAD_RATE)
  return {
    failures,
    sent: () => sent,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(pending)
    },
  }
}
