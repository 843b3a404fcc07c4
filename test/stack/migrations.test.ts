import { run } from '@neuronha/runtime/exec.ts'
import { afterAll, describe, expect, it } from 'vitest'
import { isServing } from '../../packages/control/src/apply/wait.ts'
import { cluster, sqlOn, statusOf, untilHealthy, untilStatus } from './cluster.ts'

const primary = async (): Promise<string> =>
  (await statusOf()).members.find(({ role }) => role === 'primary')?.name ?? ''

const agent = (): string => `${cluster().spec.name}-agent-1`

afterAll(async () => {
  await sqlOn(await primary(), 'delete from neurondb_agent.schema_migrations where version >= 9000')
  await run('docker', ['restart', agent()])
  await untilHealthy()
})

describe('migrations', () => {
  it('were run once, though three replicas started together', async () => {
    const rows = await sqlOn(
      await primary(),
      'select version, count(*) from neurondb_agent.schema_migrations group by 1',
    )
    expect(
      rows
        .trim()
        .split('\n')
        .every((row) => row.endsWith('|1')),
    ).toBe(true)
  })

  it('refuse to serve on a schema that is newer than the code', async () => {
    await sqlOn(
      await primary(),
      "insert into neurondb_agent.schema_migrations select (jsonb_populate_record(m, jsonb_build_object('version', 9001))).* from neurondb_agent.schema_migrations m limit 1",
    )
    await run('docker', ['restart', agent()])
    const status = await untilStatus('the agent refusing', ({ services }) =>
      services.some(
        ({ name, healthy, detail }) =>
          name === agent() && !healthy && /newer|SCHEMA_TOO_NEW/i.test(detail),
      ),
    )
    expect(isServing(status, agent())).toBe(false)
  })
})
