/** Stops what holds or changes the data, in an order that loses nothing, and has Patroni forget whose data it was. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { ETCD_USERS } from '@neuronha/core/render/etcd-auth.ts'
import { PATRONI_NAMESPACE } from '@neuronha/core/render/patroni.ts'
import type { OpenCluster } from '../commands/context.ts'
import { openKv } from '../commands/open-kv.ts'
import type { Kv } from '../etcd/kv.ts'
import { createSocketEngine, type EngineContainer } from '../engine/engine.ts'

/** What runs, or will run again by itself. */
const mayRun = ({ state }: EngineContainer): boolean =>
  !['exited', 'created', 'dead'].includes(state)

/**
 * Controllers first: they would start again what is stopped under them. Then the standbys, so that nobody takes over; then
 * the primary, which acknowledges nothing any more and has everything. Stopped, all of them stay so.
 *
 * @throws PlatformError ENGINE_FAILED when one of them is not down afterwards.
 */
export async function stopDataTier({ spec }: OpenCluster, primary: string): Promise<void> {
  const engine = createSocketEngine({ cluster: spec.name })
  const list = async (component: string): Promise<readonly EngineContainer[]> =>
    (await engine.list()).filter((container) => container.component === component)
  const stop = async (containers: readonly EngineContainer[]): Promise<void> => {
    await Promise.all(
      containers.filter(mayRun).map(async ({ name, state }) => {
        if (state === 'paused') await engine.unpause(name)
        await engine.stop(name)
      }),
    )
  }
  await stop(await list('controller'))
  const members = await list('member')
  await stop(members.filter(({ name }) => name !== primary))
  await stop(members.filter(({ name }) => name === primary))
  const left = [...(await list('controller')), ...(await list('member'))].filter(mayRun)
  if (left.length === 0) return
  const names = left.map(({ name, state }) => `${name} (${state})`).join(', ')
  throw new PlatformError('ENGINE_FAILED', `not everything is down: ${names}`, {
    hint: 'Nothing was moved. Run the same command again.',
  })
}

/**
 * Who led, who may lead, and which database it is; what all members must agree on stays.
 *
 * @param kv As Patroni's own user.
 */
export async function forgetPatroniState(kv: Kv, cluster: string): Promise<void> {
  const scope = `${PATRONI_NAMESPACE}${cluster}/`
  const { kvs } = await kv.list(scope)
  const keys = kvs.map(({ key }) => key).filter((key) => key !== `${scope}config`)
  if (keys.length > 0)
    await kv.transaction(
      [],
      keys.map((key) => ({ delete: key })),
    )
}

export async function withPatroniKv(
  cluster: OpenCluster,
  act: (kv: Kv) => Promise<void>,
): Promise<void> {
  const { kv, close } = openKv(cluster, ETCD_USERS.patroni)
  try {
    await act(kv)
  } finally {
    await close()
  }
}
