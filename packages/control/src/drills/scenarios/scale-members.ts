/** scale-members: one member more, then two less, then the number of before; all of it under load. */
import { readFile } from 'node:fs/promises'
import { volumeName } from '@neuronha/core/render/compose.ts'
import { containerName, containersOf } from '@neuronha/core/topology/containers.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { appliedFileOf } from '../applied-file.ts'
import { noFence } from '../checks.ts'
import type { HealStep } from '../heal.ts'
import { becomePrimary } from './become-primary.ts'
import { agentLoad, findPrimary, serving } from './parts.ts'
import type { Scenario } from './scenario.ts'

/** With fewer left, writes would stop at the next failure. */
const LEAST_MEMBERS = 3
const SETTLE_MS = 3000

export const scaleMembers: Scenario = {
  name: 'scale-members',
  group: 'database',
  kind: 'failover',
  does: 'adds a member and then takes two away, under load; no client may see an error, and the number of before is restored',
  blastRadius:
    'writes wait for a second or two where the primary has to move; one less in reserve for a while',
  bounds: { rtoMs: 15_000, wholeAgainMs: 900_000 },
  load: agentLoad,
  plan: async ({ spec, runCommand }, status) => {
    const { members } = spec.database
    const least = members - 1
    if (least < LEAST_MEMBERS)
      throw new PlatformError(
        'REFUSED_FOR_SAFETY',
        `the cluster has ${members} members; this drill needs ${LEAST_MEMBERS + 1}`,
      )
    const file = await appliedFileOf(spec.name)
    const added = containerName(spec.name, 'member', members + 1)
    const first = containersOf(spec, 'member')[0]?.name ?? findPrimary(status).name
    const heal: readonly HealStep[] = [
      { kind: 'command', args: ['scale', `member=${members}`, '--yes'] },
      { kind: 'restore-file', path: file, text: await readFile(file, 'utf8') },
      { kind: 'remove-volume', volume: volumeName(added) },
    ]
    return {
      target: 'members',
      what: `the cluster grows from ${members} to ${members + 1} members and shrinks to ${least}`,
      heal,
      prepare: (stage) => becomePrimary(first, stage, runCommand),
      inject: async (stage) => {
        for (const count of [members + 1, least]) {
          await runCommand(['scale', `member=${count}`, '--yes'])
          stage.note(`${count} members`)
          await stage.sleep(SETTLE_MS)
        }
      },
      keepMs: 0,
      hasReturned: serving(containersOf(spec, 'member').map(({ name }) => name)),
      checks: [noFence([])],
    }
  },
}
