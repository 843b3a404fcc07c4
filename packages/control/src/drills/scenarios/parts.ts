/** Words that many scenarios share: whom to hit, with what load, and when it is back. */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { networkName } from '@neuronha/core/render/compose.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { allContainers, containersOf, type Component } from '@neuronha/core/topology/containers.ts'
import { isServing } from '../../apply/wait.ts'
import type { ContainerActs } from '../faults/acts-on-containers.ts'
import { killFirstProcess } from '../faults/processes.ts'
import type { HealStep } from '../heal.ts'
import type { Act, Scenario, ScenarioContext, ScenarioLoad } from './scenario.ts'

/** Enough for Patroni alone, whose lease lives for 20 s. */
export const PATIENT = { rtoMs: 30_000, wholeAgainMs: 120_000 } as const

/** Messages to the agent through the edge, rows through the poolers; both are read back. */
export const agentLoad = ({ secrets }: Pick<ScenarioContext, 'secrets'>): ScenarioLoad => ({
  target: { kind: 'agent', apiKey: secrets.apiKeys.drill, sessions: 4, readEvery: 10 },
  paths: 'both',
})

const refuse = (why: string): PlatformError => new PlatformError('REFUSED_FOR_SAFETY', why)

export function findPrimary({ members }: ClusterStatus): MemberStatus {
  const primary = members.find(({ role }) => role === 'primary')
  if (primary === undefined) throw refuse('the cluster has no primary to rehearse with')
  return primary
}

/** The standbys, those first whose acknowledgement commits wait for. */
export function findStandbys({ members }: ClusterStatus, wanted: number): readonly MemberStatus[] {
  const standbys = members
    .filter(({ role }) => role === 'sync standby' || role === 'standby')
    .sort((a, b) => Number(b.role === 'sync standby') - Number(a.role === 'sync standby'))
  if (standbys.length >= wanted) return standbys
  throw refuse(`this drill needs ${wanted} standbys, the cluster has ${standbys.length}`)
}

export function findStandby(status: ClusterStatus): MemberStatus {
  const [first] = findStandbys(status, 1)
  if (first === undefined) throw refuse('the cluster has no standby')
  return first
}

/** The first container of a component. */
export function firstOf(spec: ClusterSpec, component: Component): string {
  const [first] = containersOf(spec, component)
  if (first === undefined) throw refuse(`the cluster has no ${component}`)
  return first.name
}

export function activeController({ controllers }: ClusterStatus): string {
  const active = controllers.find((controller) => controller.active)
  if (active === undefined) throw refuse('no controller is active')
  return active.name
}

export function etcdLeader({ etcd }: ClusterStatus): string {
  const leader = etcd.find((member) => member.leader)
  if (leader === undefined) throw refuse('etcd has no leader')
  return leader.name
}

/** When every one of these serves. */
export const serving =
  (names: readonly string[]): Act['hasReturned'] =>
  (status) =>
    names.every((name) => isServing(status, name))

/** When each of these serves, and is not the container's process of before. */
export async function servingAnew(
  containers: Pick<ContainerActs, 'inspect'>,
  names: readonly string[],
): Promise<Act['hasReturned']> {
  const startedAt = async (name: string): Promise<string | undefined> => {
    const now = await containers.inspect(name)
    return now?.running === true ? now.startedAt : undefined
  }
  const before = await Promise.all(names.map(startedAt))
  return async (status) => {
    if (!names.every((name) => isServing(status, name))) return false
    const now = await Promise.all(names.map(startedAt))
    return now.every((at, index) => at !== undefined && at !== before[index])
  }
}

/** The same as a boolean of now, for what may or may not have been replaced. */
export const startSteps = (names: readonly string[]): readonly HealStep[] =>
  names.map((container) => ({ kind: 'start', container }))

/** Back from frozen, whoever froze or killed it since. */
export const thawSteps = (name: string): readonly HealStep[] => [
  { kind: 'unpause', container: name },
  { kind: 'start', container: name },
]

/** Back on the network with the address that it had, and running. */
export function reconnectSteps(spec: ClusterSpec, name: string): readonly HealStep[] {
  const container = allContainers(spec).find((candidate) => candidate.name === name)
  if (container === undefined) throw refuse(`the cluster has no container ${name}`)
  return [
    {
      kind: 'connect',
      container: name,
      network: networkName(spec.name),
      address: container.address,
      alias: `${container.component}-${container.ordinal}`,
    },
    { kind: 'start', container: name },
  ]
}

/** The first container of a component dies by SIGKILL, and the engine starts it again. */
export const killed =
  (component: Component): Scenario['plan'] =>
  async ({ spec, containers }) => {
    const name = firstOf(spec, component)
    return {
      target: name,
      what: `${name} is killed (SIGKILL)`,
      heal: startSteps([name]),
      inject: () => killFirstProcess(name),
      hasReturned: await servingAnew(containers, [name]),
    }
  }

/** The first container of a component stands still for so long. */
export const frozen =
  (component: Component, keepMs: number): Scenario['plan'] =>
  ({ spec, containers }) => {
    const name = firstOf(spec, component)
    return Promise.resolve({
      target: name,
      what: `${name} is frozen (paused)`,
      heal: thawSteps(name),
      inject: () => containers.pause(name),
      keepMs,
      hasReturned: serving([name]),
    })
  }
