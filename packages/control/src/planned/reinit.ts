/** Builds a standby anew from the primary (or the backup repository): its data is thrown away, so never the primary's. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { waitForStatus } from '../apply/wait.ts'
import { withHolds } from '../coordination/holds.ts'
import { runStep } from '../setup/progress.ts'
import { assertClear } from './assert-clear.ts'
import type { PlannedDeps } from './ports.ts'

const BEGIN_TIMEOUT_MS = 15_000
/** A big database takes its time; whoever waits may stop waiting, and Patroni goes on. */
const DONE_TIMEOUT_MS = 12 * 3_600_000

const isStreaming = ({ members }: Pick<ClusterStatus, 'members'>, name: string): boolean =>
  members.some((member) => member.name === name && member.state === 'streaming')

/** Every reason not to throw this member's data away. Pure. */
export function reinitRefusals(
  { members }: Pick<ClusterStatus, 'members'>,
  name: string,
  syncStandbys: number,
): readonly string[] {
  const member = members.find((candidate) => candidate.name === name)
  if (member === undefined) return [`there is no member ${name}`]
  const primary = members.find(({ role, state }) => role === 'primary' && state === 'running')
  if (member.name === primary?.name)
    return [`${name} is the primary: switch to another member first (./neuronha switchover)`]
  if (primary === undefined) return ['there is no primary to copy from']
  const others = members.filter(
    (other) => other.name !== name && other.role !== 'primary' && other.state === 'streaming',
  )
  if (others.length >= syncStandbys) return []
  return [
    `only ${others.length} other standbys stream, and ${syncStandbys} must acknowledge every commit: writes would stop until the copy is complete`,
  ]
}

export async function reinit(
  name: string,
  { force }: { readonly force: boolean },
  deps: PlannedDeps,
): Promise<void> {
  await assertClear(deps, 'rebuild', {
    force,
    more: ({ status }) => reinitRefusals(status, name, deps.syncStandbys),
  })
  const hold = { containers: [name], by: 'reinit', why: 'it is being built anew', noStart: false }
  await withHolds(deps.kv, deps.cluster, hold, async () => {
    const { status, words } = await deps.patroni.reinitialize(name)
    if (status >= 300)
      throw new PlatformError('COMMAND_FAILED', `Patroni of ${name} refused (${status}): ${words}`)
    note(deps, 'reinit.begun', `${name} is being built anew`, name)
    await runStep(deps.progress, `throw away the data of ${name}`, () =>
      waitForStatus(deps, `${name} to begin`, (seen) => !isStreaming(seen, name), {
        timeoutMs: BEGIN_TIMEOUT_MS,
        signal: deps.signal,
      }),
    )
    await runStep(deps.progress, `copy from another member until it streams`, (step) =>
      waitForStatus(deps, `${name} streaming`, (seen) => isStreaming(seen, name), {
        timeoutMs: DONE_TIMEOUT_MS,
        signal: deps.signal,
        onLook: ({ members }) =>
          step.note(members.find((member) => member.name === name)?.state ?? 'unknown'),
      }),
    )
  })
  note(deps, 'reinit.done', `${name} was built anew and streams`, name)
}

const note = (deps: PlannedDeps, kind: string, summary: string, target: string): void =>
  deps.record({ kind, summary, target, actor: deps.actor })
