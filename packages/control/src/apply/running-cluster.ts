/**
 * The cluster as it stands while `up` changes it: beside what the file has, also the members, routers and poolers that
 * it no longer has and that still run. The primary may be one of them, and clients still hang on them.
 */
import type { ObserveConfig, PlannedConfig } from '@neuronha/core/config/processes.ts'
import { plannedConfigOf } from '@neuronha/core/render/planned.ts'
import { observeConfigOf } from '@neuronha/core/render/services.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressOf, type Component } from '@neuronha/core/topology/containers.ts'
import type { OpenCluster } from '../commands/context.ts'
import { cliTlsFiles } from '../commands/open-kv.ts'
import type { EngineContainer } from '../engine/engine.ts'
import { createObserver, type Observer } from '../observe/create-observer.ts'
import { primaryOf } from './wait.ts'

type Present = readonly Pick<EngineContainer, 'name' | 'component' | 'state'>[]

/** Those of a component that run, although the list does not have them. */
function leftovers(
  spec: ClusterSpec,
  component: Component,
  known: readonly { readonly name: string }[],
  present: Present,
): { name: string; address: string }[] {
  return present
    .filter((container) => container.component === component && container.state === 'running')
    .filter(({ name }) => !known.some((part) => part.name === name))
    .map(({ name }) => ({
      name,
      address: addressOf(spec, component, Number(/\d+$/.exec(name)?.[0])),
    }))
}

export function observeConfigOfRunning(cluster: OpenCluster, present: Present): ObserveConfig {
  const { spec, secrets } = cluster
  const config = observeConfigOf(spec, secrets, cliTlsFiles(cluster))
  const { members, routers, poolers } = config
  return {
    ...config,
    members: [
      ...members,
      ...leftovers(spec, 'member', members, present).map((part) => ({
        ...part,
        host: spec.hosts[0] ?? 'local',
      })),
    ],
    routers: [...routers, ...leftovers(spec, 'router', routers, present)],
    poolers: [...poolers, ...leftovers(spec, 'pooler', poolers, present)],
  }
}

export function plannedConfigOfRunning(
  { spec, secrets }: OpenCluster,
  present: Present,
): PlannedConfig {
  const config = plannedConfigOf(spec, secrets)
  const { members, routers, poolers } = config
  return {
    ...config,
    members: [...members, ...leftovers(spec, 'member', members, present)],
    routers: [...routers, ...leftovers(spec, 'router', routers, present)],
    poolers: [...poolers, ...leftovers(spec, 'pooler', poolers, present)],
  }
}

export const createRunningObserver = (cluster: OpenCluster, present: Present): Observer =>
  createObserver(observeConfigOfRunning(cluster, present))

/** The primary's name, also when the file no longer has it. */
export async function findRunningPrimary(
  cluster: OpenCluster,
  present: Present,
): Promise<string | undefined> {
  const observer = createRunningObserver(cluster, present)
  try {
    return primaryOf(await observer.observe())
  } finally {
    await observer.close()
  }
}
