import { mkdtemp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RestoreConfig } from '@neuronha/core/config/processes.ts'
import type { RestoreReport } from '@neuronha/core/contracts/restore.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { createRestorePlace, restoreCluster, type RestorePlace } from './restore-cluster.ts'
import { aBackup, FakeCopy } from './testing.ts'

class FakePlace implements RestorePlace {
  held: Awaited<ReturnType<RestorePlace['holds']>> = 'nothing'
  free = 100_000_000
  moved = 0
  holds = () => Promise.resolve(this.held)
  freeBytes = () => Promise.resolve(this.free)
  moveIn = () => {
    this.moved += 1
    return Promise.resolve()
  }
}

function aRestore(change: Partial<RestoreConfig> = {}) {
  const copy = new FakeCopy()
  copy.answers = { pg_control_checkpoint: '3 0/9000100 2026-11-28T20:00:00.250Z' }
  const place = new FakePlace()
  const reports: RestoreReport[] = []
  const backups = [aBackup('20261127-1F'), aBackup('20261128-1F')]
  const run = () =>
    restoreCluster({
      config: {
        ...{ stanza: 'demo', repository: 'repo1', backup: null, target: { kind: 'latest' } },
        resumes: false,
        ...change,
      },
      pgbackrest: {
        info: () => Promise.resolve({ wal_from: null, wal_to: null, gaps: [], backups }),
      },
      ...{
        copy,
        place,
        loginsSql: 'ALTER ROLE patroni',
        say: (report) => void reports.push(report),
      },
    })
  return { copy, place, reports, run }
}

describe('the restore of a cluster', () => {
  it('copies, replays, gives Patroni its logins, and is moved into place when it has stopped', async () => {
    const { copy, place, run, reports } = aRestore()
    const moved: number[] = []
    const stop = copy.stop
    copy.stop = () => {
      moved.push(place.moved)
      return stop()
    }
    expect(await run()).toMatchObject({
      already: false,
      timeline: 3,
      lsn: '0/9000100',
      recovered_to: '2026-11-28T20:00:00.250Z',
      database_bytes: 32_210_684,
    })
    expect(copy.acts.slice(0, 6)).toEqual([
      'restore repo1 latest',
      'start',
      'ask SELECT conca',
      'histories repo1 3',
      'ask ALTER ROLE p',
      'stop',
    ])
    expect(moved[0]).toBe(0)
    expect(place.moved).toBe(1)
    expect(reports.map(({ say }) => say)).toEqual(['copying', 'replaying'])
  })

  it('says so when nothing was replayed', async () => {
    const { copy, run } = aRestore()
    copy.answers = { pg_control_checkpoint: '3 0/9000100' }
    expect(await run()).toMatchObject({ recovered_to: null })
  })

  it('touches nothing where there is a database: it is done when that is its own', async () => {
    const { copy, place, run } = aRestore()
    place.held = 'this'
    expect(await run()).toMatchObject({ already: true })
    place.held = 'another'
    await expect(run()).rejects.toMatchObject({ code: 'REFUSED_FOR_SAFETY' })
    expect(copy.acts).toEqual([])
    expect(place.moved).toBe(0)
  })

  it.each(['restore', 'start', 'ask'] as const)(
    'leaves the place as it is when it fails at %s',
    async (broken) => {
      const { copy, place, run } = aRestore()
      copy.broken = broken
      await expect(run()).rejects.toThrow(`${broken} failed`)
      expect(place.moved).toBe(0)
      if (broken !== 'restore') expect(copy.acts.at(-1)).toBe('stop')
    },
  )

  it('refuses before it copies what the disk has no room for', async () => {
    const { copy, place, run } = aRestore()
    place.free = 32_210_684
    await expect(run()).rejects.toMatchObject({ code: 'NO_SPACE' })
    expect(copy.acts).toEqual([])
  })

  it('begins with the backup that was named, and refuses one that is not there', async () => {
    const { copy, run } = aRestore({ backup: '20261127-1F' })
    expect(await run()).toMatchObject({ backup: '20261127-1F' })
    expect(copy.acts[0]).toBe('restore repo1 latest 20261127-1F')
    await expect(aRestore({ backup: '20261126-1F' }).run()).rejects.toThrow(
      'repo1 holds no backup 20261126-1F',
    )
  })
})

describe('data that is back after a restore in place', () => {
  it('goes on in a timeline that the archive has not seen, and is neither copied nor moved', async () => {
    const { copy, place, run } = aRestore({ resumes: true })
    place.held = 'another'
    expect(await run()).toMatchObject({ already: false, timeline: 3, restore_ms: null })
    expect(copy.acts).toEqual([
      'resume repo1',
      'start',
      'ask SELECT conca',
      'histories repo1 3',
      'ask ALTER ROLE p',
      'stop',
    ])
    expect(place.moved).toBe(0)
  })

  it('is not made up when it is missing', async () => {
    const { copy, run } = aRestore({ resumes: true })
    await expect(run()).rejects.toThrow('is not there')
    expect(copy.acts).toEqual([])
  })
})

describe('the place of a restored database', () => {
  const folders: string[] = []
  afterEach(async () => {
    for (const folder of folders.splice(0)) await rm(folder, { recursive: true })
  })

  it('knows what it holds, and takes a finished copy in one step, without what the old members had agreed on', async () => {
    const volume = await mkdtemp(join(tmpdir(), 'neuronha-place-'))
    folders.push(volume)
    const [data, restoring] = [join(volume, 'data'), join(volume, 'restoring')]
    const place = createRestorePlace(data, restoring)
    const config: RestoreConfig = {
      ...{ stanza: 'demo', repository: 'repo1', backup: null, resumes: false },
      target: { kind: 'latest' },
    }
    expect(await place.holds(config)).toBe('nothing')
    await mkdir(data)
    expect(await place.holds(config)).toBe('nothing')
    await mkdir(restoring)
    await writeFile(join(restoring, 'PG_VERSION'), '17\n')
    await writeFile(join(restoring, 'patroni.dynamic.json'), '{"pause": true}')
    await place.moveIn(config)
    expect(await place.holds(config)).toBe('this')
    expect(await place.holds({ ...config, repository: 'repo2' })).toBe('another')
    // What cannot be read is not nothing: it would be written over.
    const unreadable = createRestorePlace(join(data, 'PG_VERSION'), restoring)
    await expect(unreadable.holds(config)).rejects.toThrow('ENOTDIR')
    expect(await readdir(data)).toEqual(['PG_VERSION'])
    expect(await place.freeBytes()).toBeGreaterThan(0)
  })
})
