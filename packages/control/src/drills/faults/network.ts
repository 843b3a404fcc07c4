/**
 * Faults of the network: a container cut off from everything, or from some addresses only. The rules for the latter
 * are made inside the container's own network namespace, so that they end with it and never touch the machine's.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { lastWords, run } from '@neuronha/runtime/exec.ts'
import { inspectContainer } from '../../engine/docker.ts'

/** Marks the drill's rules, whatever else is in the namespace. */
const COMMENT = 'neuronha-drill'
/** More rules of one kind than any drill makes. */
const MOST_RULES = 16

/** Takes the container off the network: every packet from and to it vanishes. */
export async function disconnect(container: string, network: string): Promise<void> {
  const result = await run('docker', ['network', 'disconnect', '--force', network, container])
  if (result.code !== 0) {
    throw new PlatformError(
      'ENGINE_FAILED',
      `cannot disconnect ${container} from ${network}: ${lastWords(result)}`,
    )
  }
}

export interface Connection {
  readonly container: string
  readonly network: string
  readonly address: string
  readonly alias: string
}

/** Puts it back with the address that it had. Already connected is success. */
export async function connect({ container, network, address, alias }: Connection): Promise<void> {
  const result = await run('docker', [
    'network',
    'connect',
    `--ip=${address}`,
    `--alias=${alias}`,
    network,
    container,
  ])
  if (result.code === 0 || /already (exists|attached)/i.test(result.stderr)) return
  throw new PlatformError(
    'ENGINE_FAILED',
    `cannot connect ${container} to ${network} again: ${lastWords(result)}`,
    { hint: `docker network connect --ip ${address} ${network} ${container}` },
  )
}

type Direction = readonly ['INPUT' | 'OUTPUT', '--source' | '--destination']
const DIRECTIONS: readonly Direction[] = [
  ['INPUT', '--source'],
  ['OUTPUT', '--destination'],
]

const ruleOf = ([, side]: Direction, address: string): readonly string[] => [
  side,
  address,
  '--match',
  'comment',
  '--comment',
  COMMENT,
  '--jump',
  'DROP',
]

const iptables = (pid: number, args: readonly string[]) =>
  run('nsenter', [`--target=${pid}`, '--net', 'iptables', '--wait', ...args])

/** Drops every packet between a container and these addresses. */
export async function blockAddresses(
  container: string,
  addresses: readonly string[],
): Promise<void> {
  const inspection = await inspectContainer(container)
  if (inspection?.running !== true) {
    throw new PlatformError('ENGINE_FAILED', `${container} does not run`)
  }
  for (const address of addresses) {
    for (const direction of DIRECTIONS) {
      const args = ['--insert', direction[0], ...ruleOf(direction, address)]
      const result = await iptables(inspection.pid, args)
      if (result.code !== 0) {
        throw new PlatformError(
          'COMMAND_FAILED',
          `cannot cut ${container} from ${address}: ${lastWords(result)}`,
        )
      }
    }
  }
}

/** Takes the rules away again; none left is success, and so is a container that does not run (its rules are gone). */
export async function unblockAddresses(
  container: string,
  addresses: readonly string[],
): Promise<void> {
  const inspection = await inspectContainer(container)
  if (inspection?.running !== true) return
  for (const address of addresses) {
    for (const direction of DIRECTIONS) await deleteRules(inspection.pid, direction, address)
  }
}

async function deleteRules(pid: number, direction: Direction, address: string): Promise<void> {
  const args = ['--delete', direction[0], ...ruleOf(direction, address)]
  for (let rules = 0; rules < MOST_RULES; rules += 1) {
    if ((await iptables(pid, args)).code !== 0) return
  }
}
