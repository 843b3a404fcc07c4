/** primary-crash: the primary's postmaster dies by SIGKILL, as in a crash of PostgreSQL itself. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { execIn } from '../engine.ts'
import type { Fault, Scenario } from './scenario.ts'

const POSTMASTER_PID_FILE = '/var/lib/postgresql/data/postmaster.pid'
const READ_PID = `head -n 1 ${POSTMASTER_PID_FILE}`

export const primaryCrash: Scenario = {
  name: 'primary-crash',
  kind: 'failover',
  does: 'kills the postmaster of the primary (SIGKILL) under load; no acknowledged write may be lost and no client may see an error',
  blastRadius: 'writes wait for a few seconds while a standby takes over; the old primary rejoins',
  bounds: { rtoMs: 30_000, wholeAgainMs: 120_000 },
  load: ({ secrets }) => ({
    target: { kind: 'agent', apiKey: secrets.apiKeys.drill, sessions: 4, readEvery: 10 },
    paths: 'both',
  }),
  chooseFault: async (_context, status): Promise<Fault> => {
    const primary = status.members.find(({ role }) => role === 'primary')
    if (primary === undefined) {
      throw new PlatformError('REFUSED_FOR_SAFETY', 'the cluster has no primary to crash')
    }
    const pid = await execIn(primary.name, ['sh', '-c', READ_PID])
    return {
      target: primary.name,
      what: `the postmaster of ${primary.name} is killed (SIGKILL)`,
      heal: [{ kind: 'start', container: primary.name }],
      inject: async () => {
        await execIn(primary.name, ['sh', '-c', `kill -9 "$(${READ_PID})"`])
      },
      hasReturned: async (now) => {
        if (!now.members.some(({ name, state }) => name === primary.name && isServing(state))) {
          return false
        }
        const newPid = await execIn(primary.name, ['sh', '-c', READ_PID]).catch(() => pid)
        return (
          newPid !== pid ||
          now.members.some(({ name, role }) => role === 'primary' && name !== primary.name)
        )
      },
    }
  },
}

const isServing = (state: string): boolean => state === 'running' || state === 'streaming'
