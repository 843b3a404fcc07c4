/** The effect and the record of it commit together: shown by holding one of the two up. */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { beforeAll, describe, expect, it } from 'vitest'
import { aSession, cluster, sqlOn, statusOf, type EdgeResponse } from './cluster.ts'

let primary = ''
let sessionId = ''
beforeAll(async () => {
  const { members } = await statusOf()
  primary = members.find(({ role }) => role === 'primary')?.name ?? ''
  sessionId = (await aSession()).sessionId
})

/** Holds a table against writers until released. */
async function lockTable(table: string): Promise<() => Promise<void>> {
  const psql: ChildProcess = spawn('docker', [
    'exec',
    '-i',
    primary,
    'psql',
    '-XAtq',
    '-U',
    'postgres',
    '-d',
    'neurondb',
  ])
  psql.stdin?.write(`BEGIN; LOCK TABLE neurondb_agent.${table} IN SHARE MODE; SELECT 'locked';\n`)
  await new Promise<void>((resolve) =>
    psql.stdout?.on('data', (text: Buffer) => text.includes('locked') && resolve()),
  )
  return async () => {
    psql.stdin?.end('ROLLBACK;\n')
    await once(psql, 'exit')
  }
}

const post = (key: string, content: string): Promise<EdgeResponse> =>
  cluster().fetchEdge(`/agent/api/v1/sessions/${sessionId}/messages`, {
    method: 'POST',
    headers: { 'idempotency-key': key },
    body: { content },
    timeoutMs: 30_000,
  })

async function untilWaiting(): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const waiting = await sqlOn(
      primary,
      "select count(*) from pg_stat_activity where usename = 'neurondb_agent' and wait_event_type = 'Lock'",
    )
    if (waiting.trim() !== '0') return
    await delay(50)
  }
  throw new Error('no agent waits for the lock')
}

const count = async (sql: string): Promise<number> => Number((await sqlOn(primary, sql)).trim())

describe('a message and its idempotency record', () => {
  it('the message is not there while its record cannot be', async () => {
    const key = crypto.randomUUID()
    const release = await lockTable('idempotency_records')
    const posted = post(key, `held ${key}`)
    await untilWaiting()
    const seen = await count(
      `select count(*) from neurondb_agent.messages where content = 'held ${key}'`,
    )
    await release()
    expect(seen).toBe(0)
    expect((await posted).status).toBe(201)
    expect(
      await count(`select count(*) from neurondb_agent.messages where content = 'held ${key}'`),
    ).toBe(1)
  })

  it('the record is not there while its message cannot be', async () => {
    const key = crypto.randomUUID()
    const release = await lockTable('messages')
    const posted = post(key, `held ${key}`)
    await untilWaiting()
    const seen = await count(
      `select count(*) from neurondb_agent.idempotency_records where key = '${key}'`,
    )
    await release()
    expect(seen).toBe(0)
    expect((await posted).status).toBe(201)
    expect(
      await count(`select count(*) from neurondb_agent.idempotency_records where key = '${key}'`),
    ).toBe(1)
  })

  it('an answer that was lost at COMMIT is found by the key', async () => {
    const key = crypto.randomUUID()
    const first = await post(key, `lost ${key}`)
    const again = await post(key, `lost ${key}`)
    expect(again.status).toBe(201)
    expect(again.text).toBe(first.text)
  })
})
