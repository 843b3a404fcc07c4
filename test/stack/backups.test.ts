/** Archiving and backups, end to end: pgBackRest, the trial store, the runner, what people see. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import type {
  BackupsStatus,
  RestoreTestResult,
  TaskOutcome,
} from '@neuronha/core/contracts/backups.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'
import { addressOf } from '@neuronha/core/topology/containers.ts'
import {
  cluster,
  fetchHttps,
  inContainer,
  inspect,
  sqlOn,
  statusOf,
  untilHealthy,
  untilStatus,
} from './cluster.ts'
import { openKv } from '../../packages/control/src/commands/open-kv.ts'
import { withHolds } from '../../packages/control/src/coordination/holds.ts'
import { CLUSTER_NAME, neuronha, neuronhaJson } from './neuronha.ts'

const HERE = ['--cluster', CLUSTER_NAME]
const RUNNER = `${CLUSTER_NAME}-backup-1`
const STORE = `${CLUSTER_NAME}-store-1`

const list = (): Promise<BackupsStatus> => neuronhaJson(['backup', 'list', ...HERE])
const task = (...words: string[]): Promise<TaskOutcome & { readonly task: string }> =>
  neuronhaJson(['backup', ...words, ...HERE])

const repository = ({ state }: BackupsStatus) => {
  const [first] = state?.repositories ?? []
  if (first === undefined) throw new Error('nothing is known of the repository')
  return first
}

const primaryName = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role === 'primary')?.name ?? ''

/** Closes the primary's WAL segment and returns its name. */
async function closeSegment(): Promise<string> {
  const primary = await primaryName()
  const sql =
    "select pg_logical_emit_message(false, 'test', 'x'); select pg_walfile_name(pg_switch_wal())"
  return (await sqlOn(primary, sql)).trim().split('\n').at(-1) ?? ''
}

/** Waits until the primary says that this segment, or a later one, is archived. */
async function untilArchived(segment: string): Promise<void> {
  const deadline = Date.now() + 90_000
  for (;;) {
    const last = await sqlOn(await primaryName(), 'select last_archived_wal from pg_stat_archiver')
    // The first eight digits are the timeline, which only grows.
    if (last.trim().slice(0, 24) >= segment) return
    if (Date.now() > deadline) throw new Error(`${segment} was not archived: ${last}`)
    await delay(500)
  }
}

const imageOf = async (container: string): Promise<string> =>
  (await runOk('docker', ['inspect', '--format', '{{.Config.Image}}', container])).stdout.trim()

beforeAll(async () => {
  await untilHealthy()
})

describe('a cluster that has just come up', () => {
  it('makes a full backup by itself, verifies it, and says what can be restored', async () => {
    const deadline = Date.now() + 180_000
    let backups = await list()
    while (backups.state === null || backups.state.last.full === undefined) {
      if (Date.now() > deadline) throw new Error(JSON.stringify(backups))
      await delay(1000)
      backups = await list()
    }
    expect(backups.state.last.full).toMatchObject({ ok: true, detail: '' })
    const { ok, backups: taken } = repository(backups)
    expect(ok).toBe(true)
    expect(taken[0]).toMatchObject({ kind: 'full', has_errors: false, verification: { ok: true } })
    expect(taken[0]?.stored_bytes).toBeGreaterThan(100_000)
    const { stdout } = await neuronha(['backup', 'list', ...HERE])
    expect(stdout).toMatch(/Can be restored: any moment from 20\d\d-/)
    expect(stdout).toContain('for trials, not for data that matters')
    expect((await neuronha(['status', ...HERE])).stdout).toMatch(/backups +repo1 \(trial store/)
    expect((await inspect(RUNNER)).running).toBe(false)
  })

  it('has a key that is shown, and compares a copy of it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'neuronha-key-'))
    try {
      const copy = join(folder, 'copy')
      const { key } = await neuronhaJson<{ key: string }>(['backup', 'key', ...HERE])
      await writeFile(copy, `${key.slice(1)}\n`)
      const wrong = await neuronha(['backup', 'key', '--compare', copy, ...HERE])
      expect(wrong.code).toBe(2)
      expect(wrong.stderr).toContain('is not the key of the backups')
      await writeFile(copy, `${key}\n`)
      expect((await neuronha(['backup', 'key', '--compare', copy, ...HERE])).code).toBe(0)
      const { comparedCopy } = await neuronhaJson<{ comparedCopy: { by: string } | null }>([
        ...['backup', 'key'],
        ...HERE,
      ])
      expect(comparedCopy?.by).toContain('@')
      const { stdout } = await neuronha(['doctor', ...HERE])
      expect(stdout).toContain(`the backups of ${CLUSTER_NAME} are on this machine only`)
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('archives every segment as it is closed', async () => {
    await untilArchived(await closeSegment())
    expect(await task('check')).toMatchObject({ task: 'check', ok: true })
  })
})

describe('a backup that is asked for', () => {
  it('is incremental, comes from a standby, and is verified', async () => {
    const before = repository(await list()).backups.length
    expect(await task('run')).toMatchObject({ task: 'incremental', ok: true, detail: '' })
    const { backups } = repository(await list())
    expect(backups).toHaveLength(before + 1)
    expect(backups.at(-1)).toMatchObject({ kind: 'incremental', verification: { ok: true } })
    const { stdout, stderr } = await run('docker', ['logs', '--tail', '400', RUNNER])
    expect(stdout + stderr).not.toMatch(/\bERROR: \[/)
  })

  it('is made all the same when its runner is killed in the middle of it', async () => {
    const asked = task('run', '--full')
    const deadline = Date.now() + 60_000
    while (!(await inspect(RUNNER)).running && Date.now() < deadline) await delay(100)
    await runOk('docker', ['kill', '--signal', 'SIGKILL', RUNNER])
    expect(await asked).toMatchObject({ task: 'full', ok: true })
    // Nothing of the killed one is left in PostgreSQL.
    const sessions = await sqlOn(
      await primaryName(),
      "select count(*) from pg_stat_activity where application_name like 'pgBackRest%'",
    )
    expect(sessions.trim()).toBe('0')
  })

  it('comes after what was asked for before, and is not made twice', async () => {
    const before = repository(await list()).backups.length
    const first = task('run')
    await delay(1500)
    expect(await Promise.all([first, task('run'), task('check')])).toMatchObject([
      { task: 'incremental', ok: true },
      { task: 'incremental', ok: true },
      { task: 'check', ok: true },
    ])
    expect(repository(await list()).backups).toHaveLength(before + 1)
  })
})

describe('another primary', () => {
  it('goes on archiving, and backups go on from where they were', async () => {
    const before = await primaryName()
    await runOk('docker', ['exec', before, 'pkill', '-9', '-o', 'postgres'])
    await untilStatus('another primary', ({ members }) =>
      members.some(
        ({ name, role, state }) => role === 'primary' && state === 'running' && name !== before,
      ),
    )
    await untilArchived(await closeSegment())
    expect(await task('run')).toMatchObject({ task: 'incremental', ok: true })
    expect(await task('verify')).toMatchObject({ task: 'verify', ok: true, detail: '' })
  })
})

describe('a member that is lost', () => {
  it('fails neither a check of the archive nor a backup', async () => {
    const standby = (await statusOf()).members.find(({ role }) => role !== 'primary')?.name ?? ''
    const opened = openKv(cluster())
    const lost = { containers: [standby], by: 'a test', why: 'its host is lost' }
    await withHolds(opened.kv, CLUSTER_NAME, lost, async () => {
      await runOk('docker', ['kill', standby])
      expect(await task('check')).toMatchObject({ ok: true, detail: '' })
      expect(await task('run')).toMatchObject({ ok: true, detail: '' })
    }).finally(() => opened.close())
    await untilHealthy()
  })
})

describe('a store that does not answer', () => {
  it('stops no write; what waits is archived when it is back, and nothing is missing', async () => {
    await runOk('docker', ['pause', STORE])
    let last: string
    try {
      await closeSegment()
      last = await closeSegment()
      const status = await untilStatus('the store missed', ({ backups }) =>
        backups.stores.some(({ healthy }) => !healthy),
      )
      expect(status.reasons.join()).toContain('trial store does not answer')
      await sqlOn(
        status.members.find(({ role }) => role === 'primary')?.name ?? '',
        'create table if not exists written_meanwhile (n int); insert into written_meanwhile values (1)',
      )
      const waiting = await sqlOn(
        status.members.find(({ role }) => role === 'primary')?.name ?? '',
        "select count(*) from pg_ls_archive_statusdir() where name like '%.ready'",
      )
      expect(Number(waiting)).toBeGreaterThanOrEqual(2)
    } finally {
      await runOk('docker', ['unpause', STORE])
    }
    await untilHealthy()
    await untilArchived(last)
    expect(await task('verify')).toMatchObject({ ok: true, detail: '' })
  })

  it('is started again when it was killed', async () => {
    await runOk('docker', ['kill', STORE])
    await untilStatus('the store gone', ({ backups }) =>
      backups.stores.some(({ healthy }) => !healthy),
    )
    await untilHealthy()
    expect(await task('check')).toMatchObject({ ok: true })
  })
})

describe('a restore test', () => {
  const TESTER = `${CLUSTER_NAME}-restore-test-1`
  const test = (): Promise<RestoreTestResult> => neuronhaJson(['backup', 'test', ...HERE])

  it('restores the newest backup up to this moment, and finds every entry, row and page', async () => {
    const beganAt = new Date().toISOString()
    const result = await test()
    expect(result).toMatchObject({ ok: true, detail: '', repository: 'repo1' })
    expect(result.target_at > beganAt).toBe(true)
    for (const part of ['restored_bytes', 'restore_ms', 'replay_ms', 'check_ms'] as const)
      expect(result[part]).toBeGreaterThan(0)
    expect((await neuronha(['backup', 'list', ...HERE])).stdout).toContain(
      'Restored and checked: nothing is missing up to',
    )
    expect((await inspect(TESTER)).running).toBe(false)
    // The copy is gone, and the live cluster was told nothing by it.
    const left = await run('docker', [
      ...['run', '--rm', '--network', 'none', '--volumes-from', TESTER],
      ...['--entrypoint', 'ls', await imageOf(TESTER), '-A', '/var/lib/postgresql/restored'],
    ])
    expect([left.code, left.stdout.trim()]).toEqual([0, ''])
    await untilHealthy()
  })

  it('is carried out all the same when it is killed in the middle', async () => {
    const asked = test()
    const deadline = Date.now() + 60_000
    while (!(await inspect(TESTER)).running && Date.now() < deadline) await delay(100)
    await delay(3000)
    await runOk('docker', ['kill', '--signal', 'SIGKILL', TESTER])
    expect(await asked).toMatchObject({ ok: true })
  })

  it('fails when a WAL segment is missing, and passes again after a new full backup', async () => {
    await closeSegment()
    const lost = await closeSegment()
    await untilArchived(await closeSegment())
    const removed = await inContainer(STORE, [
      ...['find', '/var/lib/store/objects/archive', '-name', `${lost}*`, '-print', '-delete'],
    ])
    expect(removed).toContain(lost)
    const failed = await test()
    expect(failed.ok).toBe(false)
    expect(failed.detail).toMatch(/did not come up|are missing/)
    expect((await list()).problems.join()).toContain('the last restore test failed')
    expect(await task('run', '--full')).toMatchObject({ ok: true })
    expect(await test()).toMatchObject({ ok: true })
    await untilNoHole(lost)
  })

  /** The primary still has the segment: what a look misses it archives again, and the next look finds nothing missing. */
  async function untilNoHole(segment: string): Promise<void> {
    const deadline = Date.now() + 120_000
    while (repository(await list()).gaps.length > 0) {
      if (Date.now() > deadline) throw new Error(JSON.stringify(await list()))
      await delay(1000)
    }
    const again = await neuronha(['events', '--kind', 'backup.archived-again', '--json', ...HERE])
    expect(again.stdout).toContain(segment)
  }
})

describe('what is stored', () => {
  it('is of no use to whoever has not the key of the store, and unreadable without that of the backups', async () => {
    const { secrets } = cluster()
    const store = `https://${addressOf(cluster().spec, 'store', 1)}:${PORTS.store}`
    const unsigned = await fetchHttps(
      `${store}/backups/?list-type=2`,
      {},
      { ca: secrets.ca.certificate },
    )
    expect([unsigned.status, unsigned.text]).toEqual([
      403,
      expect.stringContaining('AccessDenied') as string,
    ])
    // pgBackRest with the right key of the store, and another one for the backups.
    const guess = `
      sed 's/^repo1-cipher-pass=.*/repo1-cipher-pass=guess/' /etc/neuronha/pgbackrest.d/repositories.conf >/tmp/guess.conf
      pgbackrest --config=/etc/neuronha/pgbackrest.conf --config-include-path=/tmp --stanza=${CLUSTER_NAME} info
      rm /tmp/guess.conf`
    const thief = await run('docker', ['exec', `${CLUSTER_NAME}-member-1`, 'sh', '-c', guess])
    expect(thief.stdout + thief.stderr).toContain('unable to load info file')
    expect(thief.stdout).not.toContain('full backup')
    const { stdout: published } = await runOk('docker', ['port', STORE])
    expect(published.trim()).toBe('')
    const found = await inContainer(STORE, [
      'sh',
      '-c',
      'grep -rlE "PG_VERSION|backrest-format" /var/lib/store/objects | head -3',
    ]).catch(() => '')
    expect(found.trim()).toBe('')
  })

  it('is known to be spoiled when a file of it was changed, and a new backup mends that', async () => {
    const label = repository(await list()).backups[0]?.label ?? ''
    // The largest file of the oldest backup: the middle of it is overwritten.
    const spoil = `
      f=$(find /var/lib/store/objects -type f -path "*${label}*" -size +4k -printf '%s %p\\n' | sort -n | tail -1 | cut -d' ' -f2-)
      test -n "$f" && printf 'damage' | dd of="$f" bs=1 seek=2048 conv=notrunc status=none`
    await inContainer(STORE, ['sh', '-c', spoil])
    const verified = await neuronhaJson<TaskOutcome>(['backup', 'verify', ...HERE])
    expect(verified.ok).toBe(false)
    expect(verified.detail).toContain(label)
    const { problems } = await list()
    expect(problems.join()).toContain(label)
    expect((await statusOf()).health).toBe('healthy')
    expect(await task('run', '--full')).toMatchObject({ ok: true })
  })
})
