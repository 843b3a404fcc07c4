import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run } from '@neuronha/runtime/exec.ts'
import { describe, expect, it } from 'vitest'
import { cluster } from './cluster.ts'

/** The very strings that `up` printed, in the order owner, reader. */
async function connectionStrings(): Promise<readonly string[]> {
  const text = await readFile(join(cluster().state.credentialsDir, 'connections.txt'), 'utf8')
  return text.split('\n').filter((line) => line.startsWith('host='))
}

/** psql of a member's image in the machine's network, as a user's own program would connect. */
async function psql(connection: string, sql: string) {
  const { state, spec } = cluster()
  const { stdout: image } = await run('docker', [
    'inspect',
    '--format',
    '{{.Config.Image}}',
    `${spec.name}-member-1`,
  ])
  return run('docker', [
    'run',
    '--rm',
    '--network',
    'host',
    '--user',
    '0',
    '--volume',
    `${state.credentialsDir}:${state.credentialsDir}:ro`,
    '--entrypoint',
    'psql',
    image.trim(),
    '-XAtq',
    connection,
    '-c',
    sql,
  ])
}

describe('the user’s own database', () => {
  it('is written by its owner through the poolers, with the printed connection string', async () => {
    const [owner = ''] = await connectionStrings()
    const made = await psql(
      owner,
      'create table if not exists goods (id int primary key, v vector(3)); insert into goods values (1, null) on conflict do nothing; select count(*) from goods',
    )
    expect(made.code, made.stderr).toBe(0)
    expect(made.stdout.trim()).toBe('1')
  })

  it('is read, and only read, by its readers', async () => {
    const [owner = '', reader = ''] = await connectionStrings()
    await psql(owner, 'create table if not exists goods (id int primary key)')
    const read = await psql(reader, 'select count(*) >= 0 from goods')
    expect(read.code, read.stderr).toBe(0)
    const write = await psql(reader, 'delete from goods')
    expect(write.code).not.toBe(0)
    expect(write.stderr).toMatch(/read-only|permission denied/)
  })

  it('does not open the platform’s own database to its roles', async () => {
    const [owner = ''] = await connectionStrings()
    const tried = await psql(owner.replace('dbname=shop', 'dbname=neurondb'), 'select 1')
    expect(tried.code).not.toBe(0)
  })
})
