import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, it } from 'vitest'
import { stateFolderOf, type StateFolder } from '../state/state-folder.ts'
import { assertNotDestroyed, createFolderRecords, forgetUnfinished } from './records-in-folder.ts'

const folders: string[] = []
afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
})

const DESTROYED = {
  cluster: 'demo',
  kit: '/kit',
  file: '/kit/cluster.yaml',
  keyFile: '/kit/backup-key',
  source: null,
  kept: ['demo-store-1-data'],
}

/** The state folder of a cluster that a drill is about to destroy. */
async function aStateFolder(): Promise<StateFolder> {
  const root = await mkdtemp(join(tmpdir(), 'neuronha-'))
  folders.push(root)
  const at = (name: string): string => join(root, name)
  const state = {
    ...stateFolderOf('demo'),
    ...{ root, drillsDir: at('drills'), restoreFile: at('restore.json') },
    clusterFile: at('cluster.yaml'),
  }
  const database = { keepResult: () => Promise.resolve() }
  const progress = { say: () => undefined, step: () => expect.fail('no steps here') }
  await createFolderRecords(state.drillsDir, { database, progress }).saveUnfinished({
    drill: 'lost-everything',
    run: 'lost-everything-0123abcd',
    startedAt: new Date(0).toISOString(),
    heal: [{ kind: 'recover', ...DESTROYED }],
    workDir: at('drills/.run'),
    sessions: [],
  })
  return state
}

it('a cluster that a drill destroyed does not begin anew, empty, when the drill is killed', async () => {
  const state = await aStateFolder()
  await expect(assertNotDestroyed(state)).rejects.toMatchObject({
    code: 'REFUSED_FOR_SAFETY',
    hint: '`./neuronha recover -f /kit/cluster.yaml --key-file /kit/backup-key --old-is-gone` brings it back from its backups; `./neuronha drill heal` then tidies up. To give it up: `./neuronha down --volumes --cluster demo`.',
  })
})

it('one that is whole still, or is being recovered, is let through', async () => {
  const whole = await aStateFolder()
  await writeFile(whole.clusterFile, 'name: demo')
  await assertNotDestroyed(whole)

  const recovering = await aStateFolder()
  await writeFile(recovering.restoreFile, '{}')
  await assertNotDestroyed(recovering)
})

it('so is one that was given up, and begins anew', async () => {
  const state = await aStateFolder()
  await forgetUnfinished(state)
  await assertNotDestroyed(state)
})

it('so is one that no drill has destroyed', async () => {
  const state = await aStateFolder()
  await rm(state.drillsDir, { recursive: true })
  await assertNotDestroyed(state)
})
