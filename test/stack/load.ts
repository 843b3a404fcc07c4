/** A client's load through the front door while something is done to the cluster. */
import { setTimeout as delay } from 'node:timers/promises'
import { aSession, cluster } from './cluster.ts'

export interface Load {
  readonly failures: string[]
  readonly sent: () => number
  readonly stop: () => Promise<void>
}

const RETRYABLE = new Set([409, 429, 502, 503, 504])
const TRIES = 8
const WITHIN_MS = 20_000

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
    for (let attempt = 1; attempt <= TRIES && Date.now() - startedAt < WITHIN_MS; attempt++) {
      try {
        const { status, text } = await fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
          method: 'POST',
          headers: { 'idempotency-key': key },
          body: { content: `load ${key}` },
          timeoutMs: 8000,
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
  }, 100)
  return {
    failures,
    sent: () => sent,
    stop: async () => {
      clearInterval(timer)
      await Promise.all(pending)
    },
  }
}
