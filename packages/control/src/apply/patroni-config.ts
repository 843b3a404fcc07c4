/**
 * Patroni keeps what all members must agree on in etcd, and reads it from a member's file at the very
 * first start only. Later changes go through the primary's REST API.
 */
import { patroniDynamicConfig } from '@neuronha/core/render/patroni.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { Agent, request } from 'undici'
import { z } from 'zod'
import type { OpenCluster } from '../commands/context.ts'

const REQUEST_TIMEOUT_MS = 10_000

const presentConfig = z.looseObject({
  postgresql: z
    .looseObject({ parameters: z.record(z.string(), z.unknown()).default({}) })
    .optional(),
})

/** Makes Patroni's shared configuration what the cluster file says; settings that it no longer has are removed. */
export async function applyPatroniConfig(
  { spec, secrets, state }: OpenCluster,
  primaryAddress: string,
  signal: AbortSignal,
): Promise<void> {
  const at = (file: string): string => `${state.credentialsDir}/${file}`
  const tls = loadTls({
    caFile: at('ca.crt'),
    certificateFile: at('cli.crt'),
    keyFile: at('cli.key'),
  })
  const dispatcher = new Agent({ connect: { ...tls } })
  const { username, password } = secrets.patroniRest
  const authorization = `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  const send = async (method: 'GET' | 'PATCH', body?: unknown): Promise<unknown> => {
    const answer = await request(`https://${primaryAddress}:${PORTS.patroni}/config`, {
      dispatcher,
      method,
      signal: AbortSignal.any([signal, AbortSignal.timeout(REQUEST_TIMEOUT_MS)]),
      headers: { authorization, 'content-type': 'application/json' },
      body: body === undefined ? null : JSON.stringify(body),
    })
    const text = await answer.body.text()
    if (answer.statusCode >= 300) {
      throw new PlatformError(
        'COMMAND_FAILED',
        `Patroni refused ${method} /config (${answer.statusCode}): ${text.slice(0, 300)}`,
      )
    }
    return JSON.parse(text)
  }
  try {
    const present = presentConfig.parse(await send('GET'))
    const wanted = patroniDynamicConfig(spec)
    const { parameters } = wanted.postgresql
    const gone = Object.keys(present.postgresql?.parameters ?? {}).filter(
      (name) => !(name in parameters),
    )
    const removed = Object.fromEntries(gone.map((name) => [name, null]))
    await send('PATCH', {
      ...wanted,
      postgresql: { ...wanted.postgresql, parameters: { ...parameters, ...removed } },
    })
  } finally {
    await dispatcher.close()
  }
}
