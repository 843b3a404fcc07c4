/** `switchover [--to MEMBER]`: another member becomes the primary, and clients wait instead of failing. */
import { switchover, type SwitchoverResult } from '../planned/switchover.ts'
import { findMember } from './containers.ts'
import type { ClusterChoice, CommandIo } from './context.ts'
import { withPlannedCommand } from './planned-context.ts'

export interface SwitchoverCommandOptions extends ClusterChoice {
  readonly to: string | undefined
  readonly force: boolean
}

export async function switchoverCommand(
  io: CommandIo,
  options: SwitchoverCommandOptions,
): Promise<void> {
  await withPlannedCommand(io, options, async ({ cluster, deps }) => {
    const to = options.to === undefined ? undefined : findMember(cluster, options.to)
    const result = await switchover({ to, force: options.force, why: 'asked for' }, deps)
    io.out(io.json ? JSON.stringify(resultJson(result), null, 2) : describe(result))
  })
}

const resultJson = ({ from, to, stallMs, totalMs, steps }: SwitchoverResult) => ({
  from,
  to,
  stallMs: Math.round(stallMs),
  totalMs: Math.round(totalMs),
  steps: steps.map(({ step, ms }) => ({ step, ms: Math.round(ms) })),
})

const describe = ({ from, to, stallMs }: SwitchoverResult): string =>
  `${to} is the primary instead of ${from}. Clients waited ${(stallMs / 1000).toFixed(2)} s; none was sent away.`
