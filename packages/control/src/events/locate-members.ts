/** Finds whom to ask about archived events: the primary, or without one the standbys, the furthest first. */
import { PORTS } from '@neuronha/core/topology/ports.ts'
import {
  createDirectClient,
  type DirectClient,
  type DirectClientOptions,
} from '@neuronha/runtime/postgres/direct-client.ts'
import { createProbe } from '../observe/probe.ts'

export interface ArchiveMember {
  readonly name: string
  readonly address: string
}

export interface LocatedMember {
  readonly name: string
  readonly client: DirectClient
  readonly isPrimary: boolean
  readonly timeline: number
  /** Bytes of WAL written, or replayed. */
  readonly position: number
}

export interface MemberLocator {
  /** Those that answer, the best first. Answers as soon as a primary did. */
  locate(): Promise<readonly LocatedMember[]>
  close(): Promise<void>
}

export type LocatorOptions = Pick<DirectClientOptions, 'login' | 'tls' | 'onNotice'> & {
  readonly members: readonly ArchiveMember[]
}

const WAIT_MS = 800
const GIVE_UP_MS = 2400

const STATE = `SELECT in_recovery, timeline, (lsn - '0/0'::pg_lsn)::float8 AS position
  FROM neuronha.replay_position()`

interface StateRow {
  readonly in_recovery: boolean
  readonly timeline: number
  readonly position: number | null
}

/** Of two that call themselves primary, the one on the newer timeline is. */
const byRank = (left: LocatedMember, right: LocatedMember): number =>
  Number(right.isPrimary) - Number(left.isPrimary) ||
  right.timeline - left.timeline ||
  right.position - left.position

export function createMemberLocator({ members, ...connection }: LocatorOptions): MemberLocator {
  const asked = members.map(({ name, address }) => {
    const client = createDirectClient({
      ...connection,
      endpoint: { name: address, address, port: PORTS.postgres },
      applicationName: 'neuronha-events',
      isPatient: true,
    })
    const probe = createProbe({
      waitMs: WAIT_MS,
      giveUpMs: GIVE_UP_MS,
      ask: async (): Promise<LocatedMember | undefined> => {
        const [row] = await client.query<StateRow>(STATE, GIVE_UP_MS)
        if (row === undefined) return undefined
        const { in_recovery, timeline, position } = row
        return { name, client, isPrimary: !in_recovery, timeline, position: position ?? 0 }
      },
    })
    return { client, probe }
  })
  return {
    locate: () =>
      new Promise((resolve) => {
        const found: LocatedMember[] = []
        let open = asked.length
        for (const { probe } of asked) {
          void probe().then((answer) => {
            open -= 1
            const member = answer.ok ? answer.value : undefined
            if (member !== undefined) found.push(member)
            if (open === 0 || member?.isPrimary === true) resolve(found.toSorted(byRank))
          })
        }
      }),
    close: async () => {
      await Promise.all(asked.map(({ client }) => client.close()))
    },
  }
}
