/** An etcd member: /health reads through the quorum, the gateway's maintenance status names the leader. */
import { z } from 'zod'
import { bodyOf, jsonOf, type HttpClient } from './http-client.ts'
import type { EtcdAnswer } from './raw-observation.ts'

const healthBody = z.object({ health: z.string(), reason: z.string().default('') })

/** The gateway writes 64-bit numbers as strings and leaves zero values out. */
const statusBody = z.object({
  header: z.object({ member_id: z.string() }),
  version: z.string().nullish(),
  dbSize: z.string().nullish(),
  leader: z.string().default('0'),
  errors: z.array(z.string()).default([]),
})

export async function observeEtcd(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<EtcdAnswer> {
  const [health, status] = await Promise.all([
    http.get(`${origin}/health`, signal).then((answer) => healthBody.parse(jsonOf(answer))),
    http
      .post(`${origin}/v3/maintenance/status`, {}, signal)
      .then((answer) => statusBody.parse(JSON.parse(bodyOf(answer)))),
  ])
  return {
    healthy: health.health === 'true',
    reason: health.reason.toLowerCase().replaceAll('_', ' '),
    isLeader: status.leader !== '0' && status.leader === status.header.member_id,
    version: status.version ?? null,
    dbBytes: status.dbSize == null ? null : Number(status.dbSize),
    alarms: status.errors,
  }
}
