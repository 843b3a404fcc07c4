/** Makes one member the primary before the fault begins. */
import type { RunCommand } from '../run-command.ts'
import { findPrimary } from './parts.ts'
import type { Stage } from './scenario.ts'

const SETTLE_MS = 3000

/** A planned switchover, unless it is the primary already. */
export async function becomePrimary(
  name: string,
  stage: Stage,
  runCommand: RunCommand,
): Promise<void> {
  if (findPrimary(await stage.observe()).name === name) return
  await runCommand(['switchover', '--to', name])
  await stage.sleep(SETTLE_MS)
}
