/** Asks the members' own Patroni, all at once, with one deadline: GET /patroni. */
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { z } from 'zod'
import { jsonOf, type HttpClient } from '../observe/http-client.ts'
import type { MemberView, PatroniView } from './electable.ts'

const body = z.looseObject({
  state: z.string(),
  role: z.string(),
  timeline: z.number().nullish(),
  replication_state: z.string().nullish(),
  dcs_last_seen: z.number().nullish(),
  failsafe_mode_is_active: z.boolean().default(false),
  pause: z.boolean().default(false),
  tags: z.looseObject({ nofailover: z.boolean().nullish() }).nullish(),
})

export interface MemberAddress {
  readonly name: string
  readonly address: string
}

/** One member's view; throws when it gives none. */
export async function askPatroni(
  http: HttpClient,
  { address }: MemberAddress,
  signal: AbortSignal,
): Promise<PatroniView> {
  const answer = await http.get(`https://${address}:${PORTS.patroni}/patroni`, signal)
  const seen = body.parse(jsonOf(answer))
  return {
    state: seen.state,
    role: seen.role,
    timeline: seen.timeline ?? null,
    streaming: seen.replication_state === 'streaming',
    dcsSeenAgo:
      seen.dcs_last_seen === undefined || seen.dcs_last_seen === null
        ? null
        : Date.now() / 1000 - seen.dcs_last_seen,
    failsafeActive: seen.failsafe_mode_is_active,
    paused: seen.pause,
    noFailover: seen.tags?.nofailover === true,
  }
}

/** Every member's view; a member that does not answer in time has none. */
export function askMembers(
  http: HttpClient,
  members: readonly MemberAddress[],
  deadlineMs: number,
): Promise<readonly MemberView[]> {
  const signal = AbortSignal.timeout(deadlineMs)
  return Promise.all(
    members.map(async (member): Promise<MemberView> => {
      const patroni = await askPatroni(http, member, signal).catch(() => null)
      return { name: member.name, patroni }
    }),
  )
}
