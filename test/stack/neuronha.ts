/** The command line as a user runs it: its output, its exit code. */
import { join } from 'node:path'
import { run } from '@neuronha/runtime/exec.ts'

export const REPOSITORY = join(import.meta.dirname, '..', '..')
export const CLUSTER_FILE = join(import.meta.dirname, 'cluster.yaml')
export const CLUSTER_NAME = 'neuronha-test'

export interface CliResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs `./neuronha` with these arguments; never throws for an exit code. */
export const neuronha = (
  args: readonly string[],
  options: {
    readonly timeoutMs?: number
    readonly echo?: boolean
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Promise<CliResult> =>
  run(join(REPOSITORY, 'neuronha'), args, {
    cwd: REPOSITORY,
    timeoutMs: options.timeoutMs ?? 600_000,
    ...(options.env === undefined ? {} : { env: options.env }),
    ...(options.echo === true
      ? { onLine: (line: string) => process.stderr.write(`    ${line}\n`) }
      : {}),
  })

/** Runs it and parses its `--json`. */
export async function neuronhaJson<T>(args: readonly string[], timeoutMs?: number): Promise<T> {
  const result = await neuronha([...args, '--json'], timeoutMs === undefined ? {} : { timeoutMs })
  if (result.stdout.trim() === '')
    throw new Error(`no JSON (exit ${result.code}): ${result.stderr}`)
  return JSON.parse(result.stdout) as T
}
