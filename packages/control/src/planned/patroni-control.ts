/**
 * Patroni's REST API, the acting half: client certificate and password. `/switchover` answers only after Patroni has
 * looked once a second for the new leader, so whoever is in a hurry watches the cluster instead of the answer.
 */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { PlannedConfig } from '@neuronha/core/config/processes.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import type { HttpClient } from '../observe/http-client.ts'
import type { PatroniAnswer, PatroniControl } from './ports.ts'

/** Patroni waits up to 20 s for the outcome of a switchover, and for a restart as long as it takes. */
const SWITCHOVER_MS = 30_000
const RESTART_MS = 120_000
const REINITIALIZE_MS = 10_000

export function createPatroniControl(
  config: Pick<PlannedConfig, 'members' | 'patroniRest'>,
  http: HttpClient,
): PatroniControl {
  const { user, password } = config.patroniRest
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`
  const post = async (
    member: string,
    path: string,
    body: unknown,
    deadlineMs: number,
  ): Promise<PatroniAnswer> => {
    const { address } = assertPresent(
      config.members.find(({ name }) => name === member),
      `a member ${member}`,
    )
    const answer = await http.post(
      `https://${address}:${PORTS.patroni}/${path}`,
      body,
      AbortSignal.timeout(deadlineMs),
      { authorization },
    )
    return { status: answer.status, words: answer.body.trim().slice(0, 300) }
  }
  return {
    switchover: (leader, candidate) =>
      post(leader, 'switchover', { leader, candidate }, SWITCHOVER_MS),
    restart: (member) => post(member, 'restart', { restart_pending: true }, RESTART_MS),
    reinitialize: (member) => post(member, 'reinitialize', { force: true }, REINITIALIZE_MS),
  }
}
