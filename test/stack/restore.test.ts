/**
 * What was backed up comes back: beside the cluster as it was at some moment, in place of what is there, and from nothing but the
 * repository. A small cluster is restored from the shared one; everything else happens to the small one.
 */
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { BackupsStatus } from '@neuronha/core/contracts/backups.ts'
import type { RestoredObjects } from '@neuronha/core/contracts/restore.ts'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'
import { fetchHttps, sqlOn, statusOf, untilHealthy } from './cluster.ts'
import { CLUSTER_NAME, neuronha, neuronhaJson, REPOSITORY } from './neuronha.ts'

const SMALL = 'neuronha-restore'
const STATE = `/var/lib/neuronha/${SMALL}`
const HTTPS_PORT = 18_453

const FILE = `name: ${SMALL}
# Two members: enough to copy from each other, and what a small machine has room for.
protection: available
network: { subnet: 10.72.0.0/24 }
edge: { httpPort: 18090, httpsPort: ${HTTPS_PORT} }
services: { agent: { replicas: 1 }, desktopApi: { replicas: 1 }, console: { replicas: 1 }, mcp: { replicas: 1 } }
database:
  members: 2
  resources: { cpus: 1, memory: 512MB }
  pooler: { replicas: 1 }
  router: { replicas: 1 }
etcd: { members: 1 }
controller: { replicas: 1 }
drills: { schedule: never }
`

const folders: string[] = []
let file = ''

const primaryOf = ({ members }: ClusterStatus): string =>
  members.find(({ role, state }) => role === 'primary' && state === 'running')?.name ?? ''
const small = (): Promise<ClusterStatus> => neuronhaJson(['status', '--cluster', SMALL])
const marksOf = async (primary: string): Promise<readonly string[]> =>
  (await sqlOn(primary, 'select word from public.restore_marks order by at'))
    .trim()
    .split('\n')
    .filter((word) => word !== '')
const mark = async (primary: string, word: string): Promise<void> => {
  await sqlOn(primary, `insert into public.restore_marks values ('${word}')`)
}

/** A moment after everything that was committed before, and before what is committed from now on. */
const aMoment = async (primary: string): Promise<string> =>
  (
    await sqlOn(
      primary,
      `select to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')`,
    )
  ).trim()

async function untilBackedUp(cluster: string): Promise<void> {
  const deadline = Date.now() + 240_000
  for (;;) {
    const { state } = await neuronhaJson<BackupsStatus>(['backup', 'list', '--cluster', cluster])
    if (state?.last.full?.ok === true) return
    if (Date.now() > deadline) throw new Error(`no backup: ${JSON.stringify(state)}`)
    await delay(1000)
  }
}

async function neuronhaOk(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await neuronha(args)
  if (code !== 0) throw new Error(`${args.join(' ')}: exit ${code}\n${stderr}`)
  return stdout + stderr
}

/** With the key and the CA that somebody got from the small cluster once. */
const agentsWith = (key: string, ca: string) =>
  fetchHttps(`https://localhost:${HTTPS_PORT}/agent/api/v1/agents`, { key }, { ca })

/** The process that restores runs, and holds the volume. */
async function untilCopying(): Promise<void> {
  const deadline = Date.now() + 60_000
  while (Date.now() < deadline) {
    const { stdout } = await run('docker', ['top', `${SMALL}-restore-1`])
    if (stdout.includes('restore.mjs')) return
    await delay(50)
  }
}

const removeSmall = async (): Promise<void> => {
  await neuronha(['down', '--cluster', SMALL, '--volumes', '--yes'])
}

beforeAll(async () => {
  await removeSmall()
  const folder = await mkdtemp(join(tmpdir(), 'neuronha-restore-'))
  folders.push(folder)
  file = join(folder, 'small.yaml')
  await writeFile(file, FILE)
  await untilHealthy()
  await untilBackedUp(CLUSTER_NAME)
})

afterAll(async () => {
  await removeSmall()
  for (const folder of folders) await rm(folder, { recursive: true })
})

describe('a restore beside the cluster', () => {
  it('has what was committed before the moment and nothing of what came after it, and touches nothing of the old cluster', async () => {
    const old = primaryOf(await statusOf())
    await sqlOn(
      old,
      'drop table if exists public.restore_marks; create table public.restore_marks (word text, at timestamptz default clock_timestamp())',
    )
    await mark(old, 'before')
    const moment = await aMoment(old)
    await mark(old, 'after')
    await neuronhaOk('restore', '--to', moment, '--into', file, '--cluster', CLUSTER_NAME)
    expect(await marksOf(primaryOf(await small()))).toEqual(['before'])
    expect(await marksOf(old)).toEqual(['before', 'after'])
    expect((await statusOf()).health).toBe('healthy')
  })

  it('is a cluster like any other: whoever had a key to the old one has one to it, and it backs itself up', async () => {
    const at = (cluster: string) => `/var/lib/neuronha/${cluster}/credentials`
    const key = (await readFile(`${at(CLUSTER_NAME)}/api-key`, 'utf8')).trim()
    const answer = await agentsWith(key, await readFile(`${at(SMALL)}/ca.crt`, 'utf8'))
    expect(answer.status).toBe(200)
    expect((await neuronha(['plan', '-f', file])).code).toBe(0)
    await untilBackedUp(SMALL)
  })

  it.each([
    ['2020-01-01 00:00', 'before the oldest backup', 'nearest moment'],
    ['yesterday noon', 'no moment that can be restored', 'latest'],
  ])('to %s is refused, and says what can be had', async (moment, reason, hint) => {
    const copy = `${SMALL}-copy`
    const { code, stderr } = await neuronha([
      ...['restore', '--to', moment, '--as', copy, '--cluster', SMALL],
    ])
    expect(code).toBe(2)
    expect(stderr).toContain(reason)
    expect(stderr).toContain(hint)
    await expect(stat(`/var/lib/neuronha/${copy}/secrets.json`)).rejects.toThrow('ENOENT')
  })

  it('over a cluster that is there is refused', async () => {
    const { code, stderr } = await neuronha(['restore', '--as', SMALL, '--cluster', CLUSTER_NAME])
    expect(code).toBe(3)
    expect(stderr).toContain(`the cluster ${SMALL} is on this machine`)
  })
})

describe('some tables out of the backups', () => {
  const restored = (...more: readonly string[]) =>
    neuronha(['restore', '--cluster', CLUSTER_NAME, '--json', ...more])
  const shop = async (sql: string): Promise<string> =>
    (await sqlOn(primaryOf(await statusOf()), sql, 'shop')).trim()

  beforeAll(async () => {
    await shop(`
      drop schema if exists billing, odd cascade;
      create schema billing; create schema odd;
      create table billing.customers (id int primary key, name text);
      create table odd."Orders; all" (id serial, customer int references billing.customers, at int not null)
        partition by range (at);
      create table odd.early partition of odd."Orders; all" for values from (0) to (10);
      create table billing.late partition of odd."Orders; all" for values from (10) to (20);
      create function odd.no() returns trigger language plpgsql as 'begin return null; end';
      create trigger quiet after insert on odd."Orders; all" for each row execute function odd.no();
      insert into billing.customers values (1, 'one');
      insert into odd."Orders; all" (customer, at) values (1, 1), (1, 11)`)
  })

  it('come back as they were, beside what is there now, partitions and all, and nothing else is touched', async () => {
    const moment = await aMoment(primaryOf(await statusOf()))
    await shop(
      `delete from odd."Orders; all" where at = 11; drop trigger quiet on odd."Orders; all"`,
    )
    const { code, stdout, stderr } = await restored('--to', moment, '--table', 'odd.Orders; all')
    expect(code, stderr).toBe(0)
    const { tables, left_out: leftOut } = JSON.parse(stdout) as RestoredObjects
    const into = tables[0]?.into ?? ''
    expect(into).toMatch(/^odd_restored_\d{8}_\d{6}$/)
    expect(tables).toEqual([{ schema: 'odd', name: 'Orders; all', into, rows: 2 }])
    expect(leftOut).toEqual({ foreignKeys: 1, triggers: 1 })
    expect(
      await shop(`select string_agg(at::text, ',' order by at) from ${into}."Orders; all"`),
    ).toBe('1,11')
    expect(await shop(`select count(*) from ${into}.late`)).toBe('1')
    expect(await shop(`select count(*) from odd."Orders; all"`)).toBe('1')
    const owners = await shop(
      `select distinct tableowner from pg_tables where schemaname = '${into}'`,
    )
    expect(owners).toBe('shop_owner')

    const again = await restored('--to', moment, '--table', 'odd.Orders; all')
    expect(again.code).not.toBe(0)
    expect(again.stderr).toContain(`the schema ${into} is there already`)
    await shop(`drop schema ${into} cascade`)
  })

  it('that were not there at that moment are named, and nothing is left behind', async () => {
    const { code, stderr } = await restored('--table', 'odd.nothing', '--schema', 'nowhere')
    expect(code).toBe(2)
    expect(stderr).toContain('had no schema nowhere and table odd.nothing')
    const { stdout: volumes } = await run('docker', ['volume', 'ls', '--quiet'])
    expect(volumes).not.toContain(`${CLUSTER_NAME}-restore-2`)
    await expect(stat(`/var/lib/neuronha/${CLUSTER_NAME}/restore-objects`)).rejects.toThrow(
      'ENOENT',
    )
  })
})

describe('a restore in place', () => {
  const inPlace = ['restore', '--cluster', SMALL] as const

  it('is refused without the cluster’s name', async () => {
    const { code, stderr } = await neuronha([
      ...inPlace,
      '--in-place',
      '--yes-i-mean-it',
      'another',
    ])
    expect(code).toBe(3)
    expect(stderr).toContain(`--yes-i-mean-it ${SMALL}`)
    expect((await small()).health).toBe('healthy')
  })

  it('puts the database back to the moment, and can be undone with nothing lost', async () => {
    const before = primaryOf(await small())
    await mark(before, 'kept')
    const moment = await aMoment(before)
    await mark(before, 'a mistake')
    const confirmed = ['--yes-i-mean-it', SMALL]
    await neuronhaOk(...inPlace, '--in-place', '--to', moment, ...confirmed)
    expect(await marksOf(primaryOf(await small()))).toEqual(['before', 'kept'])
    // What is kept of the time before is not overwritten by another one.
    const again = await neuronha([...inPlace, '--in-place', ...confirmed])
    expect(again).toMatchObject({ code: 3 })
    expect(again.stderr).toContain('--undo')

    await neuronhaOk(...inPlace, '--undo', ...confirmed)
    const after = await small()
    expect(await marksOf(primaryOf(after))).toEqual(['before', 'kept', 'a mistake'])
    expect(after.health, after.reasons.join('; ')).toBe('healthy')
    const { stdout } = await run('docker', ['exec', primaryOf(after), 'ls', '/var/lib/postgresql'])
    expect(stdout).not.toMatch(/before-restore|undone/)
    // Its new timeline is none that the archive has seen.
    await neuronhaOk('backup', 'check', '--cluster', SMALL)
  })
})

describe('a cluster of which nothing is left but its repository', () => {
  let [key, ca, backupKey] = ['', '', '']
  let keyFile = ''
  const recover = (...more: readonly string[]) => [
    ...['recover', '-f', file, '--key-file', keyFile, '--old-is-gone', ...more],
  ]

  beforeAll(async () => {
    const primary = primaryOf(await small())
    await mark(primary, 'last')
    await neuronhaOk('backup', 'check', '--cluster', SMALL)
    const at = (name: string): Promise<string> => readFile(`${STATE}/credentials/${name}`, 'utf8')
    ;[key, ca, backupKey] = [
      (await at('api-key')).trim(),
      await at('ca.crt'),
      await at('backup-key'),
    ]
    keyFile = join(folders[0] ?? '', 'key')
    const { stdout: containers } = await runOk('docker', [
      ...['ps', '--all', '--quiet', '--filter', `label=neuronha.cluster=${SMALL}`],
    ])
    await runOk('docker', ['rm', '--force', ...containers.trim().split('\n')])
    const { stdout: volumes } = await runOk('docker', [
      ...['volume', 'ls', '--quiet', '--filter', `label=neuronha.cluster=${SMALL}`],
    ])
    const lost = volumes
      .trim()
      .split('\n')
      .filter((name) => !name.includes('-store-1-'))
    await runOk('docker', ['volume', 'rm', ...lost.filter((name) => !name.includes('-member-1-'))])
    await rm(STATE, { recursive: true })
  })

  it('does not come back over data that is there', async () => {
    await writeFile(keyFile, backupKey)
    const { code, stderr } = await neuronha(recover())
    expect(code).toBe(3)
    expect(stderr).toContain(`${SMALL}-member-1-data`)
    await runOk('docker', ['volume', 'rm', `${SMALL}-member-1-data`])
  })

  it('does not come back with another key, which is said so', async () => {
    await writeFile(keyFile, backupKey.split('').reverse().join(''))
    const { code, stderr } = await neuronha(recover())
    expect(code).toBe(1)
    expect(stderr).toContain('encrypted with another key')
    await expect(stat(`${STATE}/restore.json`)).rejects.toThrow('ENOENT')
  })

  it('comes back whole, also when that is killed in the middle: data, API keys, certificates', async () => {
    await writeFile(keyFile, backupKey)
    const killed = new AbortController()
    const first = run(join(REPOSITORY, 'neuronha'), recover(), {
      killOn: killed.signal,
      timeoutMs: 300_000,
      onLine: (line) => {
        if (line.includes('restore the database of')) void untilCopying().then(() => killed.abort())
      },
    })
    expect((await first).code).toBe(137)
    await neuronhaOk(...recover())
    const status = await small()
    expect(status.health).toBe('healthy')
    expect(await marksOf(primaryOf(status))).toEqual(['before', 'kept', 'a mistake', 'last'])
    expect((await agentsWith(key, ca)).status).toBe(200)
    expect(await readFile(`${STATE}/credentials/backup-key`, 'utf8')).toBe(backupKey)
    await neuronhaOk('backup', 'check', '--cluster', SMALL)
  })
})
