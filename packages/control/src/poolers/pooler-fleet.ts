/**
 * All poolers' admin consoles, for whoever changes the primary: a planned act, or a failover. PgBouncer answers PAUSE
 * when the last server connection is closed, so each write entry of each pooler gets a connection for its PAUSE, and
 * each pooler one more, which stays free for SHOW and RESUME. PAUSE outlives its connection: RESUME is tried until the pooler's own dead-man loop would have done it.
 */
import type { PlannedConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { POOLER_CONSOLE } from '@neuronha/core/topology/roles.ts'
import { createDirectClient, type DirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import type { PlannedClock, PoolerFleet, PoolerHolder } from '../planned/ports.ts'

/** A pooler RESUMEs by itself this long after a PAUSE (images/pgbouncer/resume-paused); nothing may count on being held longer. */
const DEAD_MAN_MS = 10_000
/** From PAUSE to RESUME at the latest: before the dead man would do it, and while clients with a deadline of 10 s still wait. */
export const RESUME_BY_MS = 8500

const CONNECT_MS = 2000
const SHOW_MS = 800
const RESUME_MS = 1000
const RETRY_MS = 100

interface Console {
  readonly name: string
  readonly pauses: readonly { readonly entry: string; readonly client: DirectClient }[]
  readonly control: DirectClient
}

interface ServerRow {
  readonly database: string
  readonly user: string
  readonly state: string
  readonly link: string
  readonly remote_pid: string
}

interface ClientRow {
  readonly ptr: string
  readonly addr: string
  readonly application_name: string
}

const quoted = (name: string): string => `"${name.replaceAll('"', '""')}"`

const isNotPaused = (thrown: unknown): boolean =>
  /not paused/i.test(toPlatformError(thrown).message)

export function createPoolerFleet(
  config: Pick<PlannedConfig, 'poolers' | 'writeEntries' | 'poolerAdmin'>,
  tls: TlsFiles,
  clock: PlannedClock,
): PoolerFleet {
  const consoles = config.poolers.map((pooler) => createConsole(config, tls, pooler))

  const resumeOne = async ({ control }: Console, entry: string): Promise<boolean> => {
    const until = clock.now() + DEAD_MAN_MS
    for (;;) {
      try {
        await control.query(`RESUME ${quoted(entry)}`, RESUME_MS)
        return true
      } catch (thrown) {
        if (isNotPaused(thrown)) return true
        if (clock.now() + RETRY_MS > until) return false
      }
      await clock.sleep(RETRY_MS)
    }
  }

  return {
    open: async () => {
      await Promise.all(
        consoles.flatMap(({ name, pauses, control }) =>
          [control, ...pauses.map(({ client }) => client)].map((client) => greet(name, client)),
        ),
      )
    },
    pause: async (deadlineMs) => {
      const missed = await Promise.all(
        consoles.flatMap(({ name, pauses }) =>
          pauses.map(({ entry, client }) =>
            client.query(`PAUSE ${quoted(entry)}`, deadlineMs).then(
              () => [],
              () => [name],
            ),
          ),
        ),
      )
      return [...new Set(missed.flat())]
    },
    holders: async (poolers) => {
      const asked = consoles.filter(({ name }) => poolers.includes(name))
      const found = await Promise.all(
        asked.map((console) => findHolders(console, config.writeEntries).catch(() => [])),
      )
      return found.flat()
    },
    resume: async () => {
      const results = await Promise.all(
        consoles.map(async (console) => {
          let isResumed = true
          for (const entry of config.writeEntries)
            isResumed = (await resumeOne(console, entry)) && isResumed
          return isResumed ? [] : [console.name]
        }),
      )
      return results.flat()
    },
    close: async () => {
      await Promise.all(
        consoles.flatMap(({ control, pauses }) =>
          [control, ...pauses.map(({ client }) => client)].map((client) => client.close()),
        ),
      )
    },
  }
}

function createConsole(
  { poolerAdmin, writeEntries }: Pick<PlannedConfig, 'writeEntries' | 'poolerAdmin'>,
  tls: TlsFiles,
  { name, address }: PlannedConfig['poolers'][number],
): Console {
  const connect = (): DirectClient =>
    createDirectClient({
      endpoint: { name: address, address, port: PORTS.pooler },
      login: { ...poolerAdmin, database: POOLER_CONSOLE },
      tls,
      applicationName: 'neuronha-pause',
    })
  return {
    name,
    pauses: writeEntries.map((entry) => ({ entry, client: connect() })),
    control: connect(),
  }
}

async function greet(name: string, client: DirectClient): Promise<void> {
  try {
    await client.query('SHOW VERSION', CONNECT_MS)
  } catch (cause) {
    throw new PlatformError(
      'UNAVAILABLE',
      `${name} does not let its administrator in: ${toPlatformError(cause).message}`,
      { cause },
    )
  }
}

/** The clients whose transactions still hold a server connection of a write entry. */
async function findHolders(
  { name, control }: Console,
  entries: readonly string[],
): Promise<readonly PoolerHolder[]> {
  const servers = await control.query<ServerRow & Record<string, string>>('SHOW SERVERS', SHOW_MS)
  const clients = await control.query<ClientRow & Record<string, string>>('SHOW CLIENTS', SHOW_MS)
  const byPointer = new Map(clients.map((client) => [client.ptr, client]))
  return servers
    .filter(({ database, link }) => entries.includes(database) && link !== '')
    .map(({ database, user, link, remote_pid }) => ({
      pooler: name,
      database,
      user,
      application: byPointer.get(link)?.application_name ?? '',
      address: byPointer.get(link)?.addr ?? 'a client that is gone',
      pid: Number(remote_pid),
    }))
}
