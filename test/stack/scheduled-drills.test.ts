/** Drills that the controllers run: asked for, refused beside other work, and mended when their runner dies. */
import { setTimeout as delay } from 'node:timers/promises'
import { drillResult, type DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { run, runOk } from '@neuronha/runtime/exec.ts'
import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cluster, statusOf, untilHealthy } from './cluster.ts'
import { CLUSTER_NAME, neuronha } from './neuronha.ts'

const RUNNER = `${CLUSTER_NAME}-drill-1`
const FILE_ORDER = ['sync-standby-loss', 'switchover']
const TWO_MINUTES_MS = 120_000

const schedule = (...args: readonly string[]) =>
  neuronha(['drill', 'schedule', ...args, '--cluster', CLUSTER_NAME])

const stateOfRunner = async (): Promise<string> =>
  (await runOk('docker', ['inspect', '--format', '{{.State.Status}}', RUNNER])).stdout.trim()

async function until(what: string, isSo: () => Promise<boolean>): Promise<void> {
  const deadlineMs = performance.now() + TWO_MINUTES_MS
  while (!(await isSo())) {
    if (performance.now() > deadlineMs) throw new Error(`in vain for two minutes: ${what}`)
    await delay(300)
  }
}

const kindsSince = async (sinceMs: number): Promise<readonly string[]> => {
  const since = new Date(sinceMs).toISOString()
  const args = ['events', '--since', since, '--kind', 'drill.', '--limit', '500', '--json']
  const { stdout } = await neuronha([...args, '--cluster', CLUSTER_NAME])
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => z.object({ kind: z.string() }).parse(JSON.parse(line)).kind)
}

const isAnyMemberDead = async (): Promise<boolean> => {
  const filter = ['--filter', `name=${CLUSTER_NAME}-member-`, '--filter', 'status=exited']
  return (await runOk('docker', ['ps', '--all', '--quiet', ...filter])).stdout.trim() !== ''
}

afterEach(async () => {
  await until('the runner rests', async () => (await stateOfRunner()) !== 'running')
  await untilHealthy()
})

describe('the drills of the schedule', () => {
  it('wait in a container that does not run', async () => {
    expect(await stateOfRunner()).not.toBe('running')
    expect((await statusOf()).health).toBe('healthy')
    const { stdout } = await schedule('--json')
    const shown = z
      .object({ nextAt: z.string(), scenarios: z.array(z.string()) })
      .parse(JSON.parse(stdout))
    expect(shown.scenarios).toEqual(FILE_ORDER)
    expect(shown.nextAt).toMatch(/^\d{4}-01-01T00:00:00/)
  })

  it('are run by the controllers, under load, while no command may change the cluster', async () => {
    const asked = schedule('--now', '--json')
    await until('the runner runs', async () => (await stateOfRunner()) === 'running')
    await until('a member is dead', isAnyMemberDead)
    const refused = await neuronha(['switchover', '--cluster', CLUSTER_NAME])
    expect(refused.code).toBe(3)
    expect(refused.stderr).toContain(`scheduled drills\` (${RUNNER}`)

    const { code, stdout, stderr } = await asked
    const results: readonly DrillResult[] = z.array(drillResult).parse(JSON.parse(stdout || '[]'))
    expect(
      results.map(({ drill, verdict, reasons }) => ({ drill, verdict, reasons })),
      stderr,
    ).toEqual(FILE_ORDER.map((drill) => ({ drill, verdict: 'pass', reasons: [] })))
    for (const result of results) {
      expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
      expect(result.acknowledged).toBeGreaterThan(20)
    }
    expect(code).toBe(0)

    const { stdout: report } = await neuronha([
      ...['drill', 'report', '--json', '--cluster', CLUSTER_NAME],
    ])
    const { drills } = z
      .object({ drills: z.array(z.object({ drill: z.string() })) })
      .parse(JSON.parse(report))
    expect(drills.map(({ drill }) => drill)).toEqual(expect.arrayContaining(FILE_ORDER))
  })

  it('are mended and not repeated when their runner dies in the middle', async () => {
    const sinceMs = Date.now()
    const asked = schedule('--now', '--json')
    await until('a member is dead', isAnyMemberDead)
    await run('docker', ['kill', RUNNER])

    const { code, stderr } = await asked
    expect(code, stderr).not.toBe(0)
    expect(stderr).toMatch(/not rehearsed: sync-standby-loss, switchover/)
    const kinds = await kindsSince(sinceMs)
    expect(kinds.filter((kind) => kind === 'drill.started')).toHaveLength(1)
    expect(kinds).toContain('drill.mended')
    await untilHealthy()
    const { stdout: rows } = await runOk('docker', [
      ...['exec', (await primary()).name, 'psql', '-U', 'postgres', '-d', 'neurondb', '-Atc'],
      `select count(*) from neurondb_drill.ledger where run like 'sync-standby-loss-%'`,
    ])
    expect(rows.trim()).toBe('0')
  })
})

const primary = async () => {
  const found = (await statusOf()).members.find(({ role }) => role === 'primary')
  if (found === undefined) throw new Error(`${cluster().spec.name} has no primary`)
  return found
}
