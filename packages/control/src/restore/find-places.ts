/** A network and ports for a copy: nobody on this machine has them, and no cluster that is stopped now. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { parseClusterFile } from '@neuronha/core/spec/parse-cluster-file.ts'
import { publishedPorts } from '@neuronha/core/spec/rules.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { checkPorts } from '../setup/check-ports.ts'
import { checkSubnet } from '../setup/check-subnet.ts'
import { listClusters, readTextIfThere, stateFolderOf } from '../state/state-folder.ts'
import type { CopyPlaces } from './copy-cluster-file.ts'

const MOST_TRIES = 100
/** Far enough for the replicas of an edge, which take the ports after the first. */
const PORT_STEP = 100

/** @throws PlatformError CONFLICT when a hundred tries found none. */
export async function findPlaces(spec: ClusterSpec): Promise<Omit<CopyPlaces, 'name'>> {
  const others = await otherSpecs()
  const taken = new Set(others.flatMap((other) => publishedPorts(other).map(({ port }) => port)))
  const [first = '10', second = '77', third = '0'] = spec.network.subnet.split('.')
  const subnet = await firstOf(
    (step) => `${first}.${second}.${(Number(third) + step) % 256}.0/24`,
    async (candidate) =>
      !others.some(({ network }) => network.subnet === candidate) &&
      (await checkSubnet(candidate)).length === 0,
  )
  const portOffset = await firstOf(
    (step) => step * PORT_STEP,
    async (offset) => {
      const ports = publishedPorts(spec).map(({ port }) => port + offset)
      if (ports.some((port) => port > 65_535 || taken.has(port))) return false
      return (await checkPorts(ports, spec.edge.bindAddress)).length === 0
    },
  )
  return { subnet, portOffset }
}

async function firstOf<T>(
  candidateOf: (step: number) => T,
  isFree: (candidate: T) => Promise<boolean>,
): Promise<T> {
  for (let step = 1; step <= MOST_TRIES; step += 1) {
    const candidate = candidateOf(step)
    if (await isFree(candidate)) return candidate
  }
  throw new PlatformError('CONFLICT', 'no free network or ports were found for the copy', {
    hint: 'Write a cluster file with free ones, and name it with --into.',
  })
}

async function otherSpecs(): Promise<readonly ClusterSpec[]> {
  const specs: ClusterSpec[] = []
  for (const name of await listClusters()) {
    const text = await readTextIfThere(stateFolderOf(name).clusterFile)
    const parsed = text === undefined ? undefined : parseClusterFile(text)
    if (parsed?.kind === 'ok') specs.push(parsed.spec)
  }
  return specs
}
