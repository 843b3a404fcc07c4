/** A closed loop of message writes: as many as the service takes, for a bounded time. */
import { Agent, request as httpsRequest } from 'node:https'

export interface MessageTarget {
  /** Origin and path prefix of NeuronAgent's API, for example https://10.72.0.181:8443/agent/api/v1. */
  readonly baseUrl: string
  readonly tls: {
    readonly ca: string
    readonly cert: string
    readonly key: string
    readonly servername: string
  }
  readonly apiKey: string
}

interface Answer {
  readonly status: number
  readonly body: unknown
}

const post = (target: MessageTarget, agent: Agent, path: string, body: unknown): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const sent = httpsRequest(
      `${target.baseUrl}${path}`,
      {
        method: 'POST',
        agent,
        timeout: 30_000,
        headers: {
          authorization: `Bearer ${target.apiKey}`,
          'content-type': 'application/json',
          'idempotency-key': crypto.randomUUID(),
        },
      },
      (response) => {
        let text = ''
        response.setEncoding('utf8')
        response.on('data', (part: string) => (text += part))
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: JSON.parse(text) as unknown }),
        )
      },
    )
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })

const idOf = ({ status, body }: Answer): string => {
  if (status !== 201) throw new Error(`unexpected answer ${status}: ${JSON.stringify(body)}`)
  return (body as { id: string }).id
}

/** Acknowledged message writes per second at this concurrency. An answer other than 201 ends the benchmark. */
export async function messagesPerSecond(
  target: MessageTarget,
  concurrency: number,
  seconds: number,
): Promise<number> {
  const agent = new Agent({ keepAlive: true, maxSockets: concurrency, ...target.tls })
  try {
    const agentId = idOf(await post(target, agent, '/agents', { name: 'bench' }))
    const sessions = await Promise.all(
      Array.from({ length: concurrency }, async () =>
        idOf(await post(target, agent, '/sessions', { agent_id: agentId })),
      ),
    )
    const startedAt = performance.now()
    const endAt = startedAt + seconds * 1000
    let acknowledged = 0
    await Promise.all(
      sessions.map(async (session) => {
        while (performance.now() < endAt) {
          const { status, body } = await post(target, agent, `/sessions/${session}/messages`, {
            content: 'one more',
          })
          if (status !== 201)
            throw new Error(`unexpected answer ${status}: ${JSON.stringify(body)}`)
          acknowledged++
        }
      }),
    )
    return acknowledged / ((performance.now() - startedAt) / 1000)
  } finally {
    agent.destroy()
  }
}
