/** Runs a command inside a container. */
import { runOk } from '@neuronha/runtime/exec.ts'

/** Runs a command inside a container as the container's own user and returns what it printed, trimmed. */
export async function execIn(
  container: string,
  command: readonly string[],
  input?: string,
): Promise<string> {
  const options = input === undefined ? {} : { input }
  const args = ['exec', ...(input === undefined ? [] : ['--interactive']), container, ...command]
  const { stdout } = await runOk('docker', args, { timeoutMs: 60_000, ...options })
  return stdout.trim()
}
