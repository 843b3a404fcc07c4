/** Patroni's REST API, the reading half: GET /patroni of each member, GET /cluster of any. */
import { z } from 'zod'
import { bodyOf, jsonOf, type HttpClient } from './http-client.ts'
import type { PatroniAnswer, PatroniView } from './raw-observation.ts'

const patroniBody = z.object({
  state: z.string(),
  role: z.string(),
  timeline: z.number().nullish(),
  replication_state: z.string().nullish(),
  sync_standby: z.boolean().default(false),
  quorum_standby: z.boolean().default(false),
  pending_restart: z.boolean().default(false),
  pause: z.boolean().default(false),
  failsafe_mode_is_active: z.boolean().default(false),
  server_version: z.number().nullish(),
})

const clusterBody = z.object({
  pause: z.boolean().default(false),
  members: z.array(
    z.object({
      name: z.string(),
      host: z.string().nullish(),
      role: z.string(),
      state: z.string(),
      timeline: z.number().nullish(),
      lag: z.union([z.number(), z.string()]).nullish(),
      pending_restart: z.boolean().default(false),
    }),
  ),
})

/** GET /patroni answers 503 with the same body while its PostgreSQL is not running. */
export async function observePatroni(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<PatroniAnswer> {
  const body = patroniBody.parse(jsonOf(await http.get(`${origin}/patroni`, signal)))
  return {
    state: body.state,
    role: body.role,
    timeline: body.timeline ?? null,
    replicationState: body.replication_state ?? null,
    syncStandby: body.sync_standby || body.quorum_standby,
    pendingRestart: body.pending_restart,
    paused: body.pause,
    failsafeActive: body.failsafe_mode_is_active,
    serverVersion: body.server_version ?? null,
  }
}

/** The list that patronictl prints; a member that cannot read etcd answers an error, never an old list. */
export async function observePatroniView(
  http: HttpClient,
  origin: string,
  signal: AbortSignal,
): Promise<PatroniView> {
  const body = clusterBody.parse(JSON.parse(bodyOf(await http.get(`${origin}/cluster`, signal))))
  return {
    paused: body.pause,
    members: body.members.map((member) => ({
      name: member.name,
      host: member.host ?? null,
      role: member.role,
      state: member.state,
      timeline: member.timeline ?? null,
      lagBytes: typeof member.lag === 'number' ? member.lag : null,
      pendingRestart: member.pending_restart,
    })),
  }
}
