/** The faults of a soak: each hits one container of one component, and is healed by the drill after its time. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { networkName } from '@neuronha/core/render/compose.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressesOf, containersOf } from '@neuronha/core/topology/containers.ts'
import { containersHere } from '../faults/containers-here.ts'
import { blockAddresses, disconnect } from '../faults/network.ts'
import {
  isPatroni,
  isPostmaster,
  isStartupProcess,
  killFirstProcess,
  signalProcesses,
  type ProcessFilter,
} from '../faults/processes.ts'
import type { HealStep } from '../heal.ts'
import {
  findPrimary,
  findStandbys,
  reconnectSteps,
  serving,
  startSteps,
  thawSteps,
} from '../scenarios/parts.ts'
import type { Act } from '../scenarios/scenario.ts'
import type { Soaked } from './limits.ts'

export interface SoakFault {
  readonly name: string
  readonly component: Soaked
  /** How often it is chosen, beside the others. */
  readonly weight: number
  /** Who may be hit now. */
  readonly candidates: (spec: ClusterSpec, status: ClusterStatus) => readonly string[]
  readonly act: (
    target: string,
    spec: ClusterSpec,
  ) => Pick<Act, 'what' | 'heal' | 'inject' | 'holds'>
}

type Candidates = SoakFault['candidates']
type MakeAct = SoakFault['act']

const primary: Candidates = (_spec, status) => [findPrimary(status).name]
const standbys: Candidates = (_spec, status) => findStandbys(status, 1).map(({ name }) => name)
const anyOf =
  (component: Soaked): Candidates =>
  (spec) =>
    containersOf(spec, component).map(({ name }) => name)

const crash: MakeAct = (target) => ({
  what: `the first process of ${target} is killed`,
  heal: startSteps([target]),
  inject: () => killFirstProcess(target),
})
const lose: MakeAct = (target) => ({
  what: `${target} is killed and kept dead`,
  heal: startSteps([target]),
  holds: { containers: [target] },
  inject: () => containersHere.kill([target]),
})
const freeze: MakeAct = (target) => ({
  what: `${target} is frozen`,
  heal: thawSteps(target),
  inject: () => containersHere.pause(target),
})
const cutOff: MakeAct = (target, spec) => ({
  what: `${target} is cut off from the network`,
  heal: reconnectSteps(spec, target),
  inject: () => disconnect(target, networkName(spec.name)),
})
const cutFromEtcd: MakeAct = (target, spec) => {
  const addresses = [...addressesOf(spec, 'etcd')]
  return {
    what: `${target} is cut off from etcd`,
    heal: [{ kind: 'unblock', container: target, addresses }],
    inject: () => blockAddresses(target, addresses),
  }
}
const resume = (target: string): readonly HealStep[] => [
  { kind: 'continue', container: target },
  ...startSteps([target]),
]
const stop =
  (what: string, filter: ProcessFilter): MakeAct =>
  (target) => ({
    what: `${what} of ${target} is stopped`,
    heal: resume(target),
    inject: () => signalProcesses(target, filter, 'SIGSTOP'),
  })
const killPostmaster: MakeAct = (target) => ({
  what: `the postmaster of ${target} is killed`,
  heal: startSteps([target]),
  inject: () => signalProcesses(target, isPostmaster, 'SIGKILL'),
})

const onPrimary = (name: string, act: MakeAct): SoakFault => ({
  name: `primary-${name}`,
  component: 'member',
  weight: 3,
  candidates: primary,
  act,
})
const onStandby = (name: string, act: MakeAct): SoakFault => ({
  name: `standby-${name}`,
  component: 'member',
  weight: 2,
  candidates: standbys,
  act,
})
const on = (component: Soaked, name: string, act: MakeAct): SoakFault => ({
  name: `${component}-${name}`,
  component,
  weight: 1,
  candidates: anyOf(component),
  act,
})

const SERVICES = ['agent', 'desktop-api', 'mcp', 'console'] as const

export const SOAK_FAULTS: readonly SoakFault[] = [
  onPrimary('postmaster-kill', killPostmaster),
  onPrimary('crash', crash),
  onPrimary('loss', lose),
  onPrimary('freeze', freeze),
  onPrimary('partition', cutOff),
  onPrimary('etcd-partition', cutFromEtcd),
  onPrimary('postmaster-stop', stop('the postmaster', isPostmaster)),
  onPrimary('patroni-stop', stop('Patroni', isPatroni)),
  onStandby('crash', crash),
  onStandby('loss', lose),
  onStandby('freeze', freeze),
  onStandby('partition', cutOff),
  onStandby('replay-stop', stop('replay', isStartupProcess)),
  on('etcd', 'loss', lose),
  on('etcd', 'freeze', freeze),
  on('router', 'crash', crash),
  on('router', 'freeze', freeze),
  on('pooler', 'crash', crash),
  on('pooler', 'freeze', freeze),
  on('edge', 'crash', crash),
  on('controller', 'loss', lose),
  on('controller', 'freeze', freeze),
  ...SERVICES.flatMap((service) => [on(service, 'crash', crash), on(service, 'freeze', freeze)]),
]

/** The act of a fault on the one that the pick says; its target serves when it has returned. */
export function actOf(
  fault: SoakFault,
  { pick, keepMs }: { readonly pick: number; readonly keepMs: number },
  where: { readonly spec: ClusterSpec; readonly status: ClusterStatus },
): Act | undefined {
  const candidates = fault.candidates(where.spec, where.status)
  const target = candidates[Math.floor(pick * candidates.length)]
  if (target === undefined) return undefined
  return { ...fault.act(target, where.spec), target, keepMs, hasReturned: serving([target]) }
}
