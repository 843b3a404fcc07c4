/**
 * disk-full: the primary's disk has no byte left. PostgreSQL stops when it cannot write WAL; that is no reason to
 * fence anybody, and another member takes over. The disk is a small one that the drill gives to one member and takes
 * away again: nothing else on the machine gets full.
 */
import { join } from 'node:path'
import { PlatformError } from '@neuronha/core/errors.ts'
import { POSTGRES_DATA_DIR } from '@neuronha/core/render/patroni.ts'
import { isServing } from '../../apply/wait.ts'
import { failedOver, noFence } from '../checks.ts'
import { psql } from '../faults/psql.ts'
import { execIn } from '../faults/exec-in.ts'
import { bytesIn, findVolumeFolder, limitVolume, type SmallVolume } from '../faults/small-volume.ts'
import { becomePrimary } from './become-primary.ts'
import { agentLoad, findStandby, serving } from './parts.ts'
import type { Scenario, Stage } from './scenario.ts'

const MB = 1024 ** 2
const GB = 1024 * MB
/** Above this, a copy of the database takes longer than a drill should. */
const MOST_DATA_BYTES = 4 * GB
/** Beside the copy: WAL of the drill, which is far less than what is kept for the member's own disk to catch up. */
const SPARE_BYTES = 512 * MB
const WAL_MESSAGES = 96
const KEPT_FULL_MS = 20_000
const COPY_TIMEOUT_MS = 180_000
const BALLAST = '/var/lib/postgresql/ballast'

/** Until the disk takes no more; the failure at the end is what is wanted. */
const FILL = `dd if=/dev/zero of=${BALLAST} bs=64k 2>/dev/null; dd if=/dev/zero of=${BALLAST}-rest bs=4k 2>/dev/null; sync; df --output=avail ${POSTGRES_DATA_DIR} | tail -n 1`

async function untilServing(stage: Stage, name: string): Promise<void> {
  const untilMs = stage.nowMs() + COPY_TIMEOUT_MS
  while (!isServing(await stage.observe(), name)) {
    if (stage.nowMs() > untilMs)
      throw new PlatformError('DRILL_FAILED', `${name} did not get ready on its small disk`)
    await stage.sleep(500)
  }
}

export const diskFull: Scenario = {
  name: 'disk-full',
  group: 'database',
  kind: 'failover',
  does: 'gives one member a small disk of its own, makes it the primary and fills the disk to the last byte; another member takes over, nobody is fenced and nothing is lost',
  blastRadius: 'two changes of the primary; one member is rebuilt on the small disk first',
  bounds: { rtoMs: 30_000, wholeAgainMs: KEPT_FULL_MS + 180_000 },
  load: agentLoad,
  plan: async ({ containers, workDir, runCommand }, status) => {
    const { name } = findStandby(status)
    const volume: SmallVolume = {
      container: name,
      mountPoint: await findVolumeFolder(name),
      image: join(workDir, 'small-disk'),
    }
    const used = await bytesIn(volume.mountPoint)
    if (used > MOST_DATA_BYTES)
      throw new PlatformError(
        'REFUSED_FOR_SAFETY',
        `the database has ${Math.round(used / GB)} GB; this drill copies it, so it stops at ${MOST_DATA_BYTES / GB} GB`,
      )
    return {
      target: name,
      what: `the disk of the primary ${name} is filled`,
      heal: [{ kind: 'unlimit', ...volume }],
      holds: { containers: [name] },
      prepare: async (stage) => {
        await limitVolume(volume, used + SPARE_BYTES)
        await containers.start([name])
        await untilServing(stage, name)
        stage.note(
          `${name} has made its copy on a disk of ${Math.round((used + SPARE_BYTES) / MB)} MB`,
        )
        await becomePrimary(name, stage, runCommand)
        stage.note(`${name} is the primary`)
        await stage.sleep(5000)
      },
      inject: async ({ note }) => {
        const left = await execIn(name, ['sh', '-c', FILL])
        note(`${left.trim()} kB are left`)
        // WAL that needs new files; the session ends with the server, so its failure is no news.
        await psql(
          name,
          `select count(pg_logical_emit_message(false, 'drill', repeat('x', ${MB}), true)) from generate_series(1, ${WAL_MESSAGES});`,
        ).catch(() => '')
      },
      keepMs: KEPT_FULL_MS,
      hasReturned: serving([name]),
      checks: [failedOver, noFence([])],
    }
  },
}
