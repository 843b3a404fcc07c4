/**
 * The routers as a planned act sees them: where their write port leads, by their own health checks, and whether a commit
 * passes through it. The statistics are asked instead of waiting for as long as checks may take.
 */
import type { PlannedConfig } from '@neuronha/core/config/processes.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { createDirectClient } from '@neuronha/runtime/postgres/direct-client.ts'
import type { TlsFiles } from '@neuronha/runtime/tls.ts'
import { WRITE_SECTION } from '@neuronha/core/contracts/router-guide.ts'
import { bodyOf, type HttpClient } from '../observe/http-client.ts'
import { parseHaproxyStatistics } from '../observe/observe-proxies.ts'
import { createRouterGuide } from '../routers/router-guide.ts'
import type { RouterFleet } from './ports.ts'

const QUESTION_MS = 800
/**
 * A login and two statements, right after a promotion, when everybody logs in. Longer than a question about statistics:
 * an attempt that is given up costs the new primary another login, and a router that leads to nobody says so at once.
 */
const PROOF_MS = 2500

/**
 * The message leaves WAL and a commit record behind, no row. It waits for no standby: right after a promotion none
 * streams yet, and whether commits are acknowledged is the synchronous mode's business, not the router's.
 */
const DO_NOT_WAIT = 'SET synchronous_commit = local'
const PROOF = `
SELECT host(inet_server_addr()) AS address,
       pg_logical_emit_message(true, 'neuronha', 'the write port leads to a primary', false) AS lsn`

export function createRouterFleet(
  config: Pick<PlannedConfig, 'routers' | 'members' | 'writer'>,
  tls: TlsFiles,
  http: HttpClient,
): RouterFleet {
  const leadingTo = async (address: string): Promise<readonly string[]> => {
    const answer = await http.get(
      `https://${address}:${PORTS.routerStats}/stats;csv`,
      AbortSignal.timeout(QUESTION_MS),
    )
    const servers = parseHaproxyStatistics(bodyOf(answer)).proxies[WRITE_SECTION] ?? []
    return servers.filter(({ up }) => up).map(({ name }) => name)
  }

  const proveOne = async (router: string, address: string, member: string): Promise<void> => {
    const client = createDirectClient({
      endpoint: { name: address, address, port: PORTS.routerWrite },
      login: config.writer,
      tls,
      applicationName: 'neuronha-planned',
    })
    try {
      await client.query(DO_NOT_WAIT, PROOF_MS)
      const [row] = await client.query<{ address: string }>(PROOF, PROOF_MS)
      const expected = config.members.find(({ name }) => name === member)?.address
      if (row?.address === expected) return
      throw new PlatformError('UPSTREAM_FAILED', `it wrote to ${row?.address ?? 'nowhere'}`)
    } catch (cause) {
      throw new PlatformError(
        'UPSTREAM_FAILED',
        `${router} does not lead to a primary that commits: ${toPlatformError(cause).message}`,
        { cause },
      )
    } finally {
      await client.close()
    }
  }

  const guide = createRouterGuide({ ...config, tls })
  return {
    lead: async (member) => {
      await guide.lead(member)
    },
    notLeadingTo: async (member) => {
      const found = await Promise.all(
        config.routers.map(async ({ name, address }) => {
          try {
            const up = await leadingTo(address)
            if (up.length === 1 && up[0] === member) return []
            return [`${name} sends writes to ${up.length === 0 ? 'nobody' : up.join(' and ')}`]
          } catch (thrown) {
            return [`${name} does not answer (${toPlatformError(thrown).message})`]
          }
        }),
      )
      return found.flat()
    },
    proofOf: (member) => {
      const proven = new Set<string>()
      return async () => {
        const open = config.routers.filter(({ name }) => !proven.has(name))
        const words = await Promise.all(
          open.map(({ name, address }) =>
            proveOne(name, address, member).then(
              () => {
                proven.add(name)
                return []
              },
              (thrown: unknown) => [toPlatformError(thrown).message],
            ),
          ),
        )
        return words.flat().join('; ')
      }
    },
  }
}
