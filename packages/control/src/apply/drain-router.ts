/** Takes a router out of the poolers' way while it is restarted or replaced, and puts it back when it serves again. */
import { renderPoolerRoutes } from '@neuronha/core/render/pgbouncer.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { sleep } from '@neuronha/runtime/clock.ts'
import type { OpenCluster } from '../commands/context.ts'
import { reloadProcess } from '../engine/compose.ts'
import { createSocketEngine } from '../engine/engine.ts'
import { writeContainerFile } from '../state/state-folder.ts'

/** PgBouncer closes idle connections of an old route within its third of a second, the others as they are released. */
const MOVE_MS = 600

/** A cluster with one router has no way around it: its poolers' clients wait. */
export async function withDrainedRouter(
  { spec, state }: OpenCluster,
  router: string,
  act: () => Promise<void>,
): Promise<void> {
  const engine = createSocketEngine({ cluster: spec.name })
  const leadPast = async (avoid?: string): Promise<void> => {
    const running = (await engine.list()).filter((container) => container.state === 'running')
    for (const [path, file] of renderPoolerRoutes(spec, avoid)) {
      const isNew = await writeContainerFile(state, path, file)
      const pooler = running.find(({ name }) => path.startsWith(`${name}/`))
      if (isNew && pooler !== undefined) await reloadProcess(pooler.name)
    }
  }
  if (containersOf(spec, 'router').length === 1) return act()
  try {
    await leadPast(router)
    await sleep(MOVE_MS)
    await act()
  } finally {
    await leadPast()
  }
}
