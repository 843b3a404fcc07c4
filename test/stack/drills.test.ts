import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterEach, beforeEach, describe, expect, it, onTestFailed } from 'vitest'
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import type { DrillResult } from '@neuronha/core/contracts/drill-result.ts'
import { SERVICE_COMPONENTS } from '@neuronha/core/topology/containers.ts'
import { run } from '@neuronha/runtime/exec.ts'
import { statusOf, untilHealthy, untilStatus } from './cluster.ts'
import { drill } from './drill.ts'
import { LOAD_RATE } from './load.ts'
import { CLUSTER_NAME, neuronha, REPOSITORY } from './neuronha.ts'

const LOG_LINES_SHOWN = 60

/** What Patroni said on each member lately: why a failover went as it did. */
async function showPatroniLogs(): Promise<void> {
  for (const { name } of (await statusOf()).members) {
    const { stderr, stdout } = await run('docker', ['logs', '--since', '90s', name])
    const said = `${stdout}\n${stderr}`
      .split('\n')
      .filter((line) => /(INFO|WARNING|ERROR): /.test(line) && !line.includes('no action. I am'))
    console.log([`--- ${name}`, ...said.slice(0, LOG_LINES_SHOWN)].join('\n'))
  }
}

beforeEach(() => {
  onTestFailed(showPatroniLogs)
})

afterEach(async () => {
  await untilHealthy()
})

const wereClientsHeld = ({ timeline }: DrillResult): boolean =>
  timeline.some(({ what }) => /^clients were held for \d+ ms, until the routers lead to/.test(what))

describe('drill primary-crash', () => {
  it('loses no acknowledged write, doubles none, and shows no client an error', async () => {
    const result = await drill(['primary-crash'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    expect(result.paths.sql).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    expect(result.acknowledged).toBeGreaterThan(60)
    // The fault must have hit: nothing was acknowledged for a while.
    expect(result.rtoMs).toBeGreaterThan(200)
    expect(result.rtoMs).toBeLessThan(20_000)
    expect(wereClientsHeld(result)).toBe(true)
    const isKnown = ({ last_drill: last }: ClusterStatus): boolean =>
      last?.started_at === result.startedAt
    expect((await untilStatus('the drill in the status', isKnown)).last_drill).toEqual({
      drill: 'primary-crash',
      variant: '',
      verdict: 'pass',
      rto_ms: result.rtoMs,
      started_at: result.startedAt,
    })
    const report = await readFile(result.reportFile ?? '', 'utf8')
    expect(report).toMatch(/<svg/)
    expect(report).not.toMatch(/src="http|href="http/)
  })
})

describe('drill service-kill', () => {
  it.each(SERVICE_COMPONENTS)('shows no client of %s an error', async (service) => {
    const result = await drill(['service-kill', '--service', service])
    expect(result.clientErrors).toBe(0)
    expect(result.wholeAgainMs).toBeLessThan(60_000)
  })
})

describe('drill primary-host-loss', () => {
  it('has a standby take over within seconds, with every acknowledged write and without an error', async () => {
    const result = await drill(['primary-host-loss'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    // Patroni alone waits for a lease of 20 s.
    expect(result.rtoMs).toBeLessThan(15_000)
    expect(wereClientsHeld(result)).toBe(true)
  })
})

describe('drill primary-partition', () => {
  it('fences the primary that is cut off before another one writes', async () => {
    const result = await drill(['primary-partition'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
    expect(result.rtoMs).toBeLessThan(18_000)
    expect(wereClientsHeld(result)).toBe(true)
  })
})

describe('drill etcd-down', () => {
  it('goes on with the same primary while all of etcd is away', async () => {
    const result = await drill(['etcd-down'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0, clientErrors: 0 })
  })
})

describe('drill second-host-loss', () => {
  it('loses nothing when the member that took over is lost within a second', async () => {
    const result = await drill(['second-host-loss'])
    expect(result).toMatchObject({ lost: 0, duplicated: 0 })
  })
})

describe('drill heal', () => {
  it('mends what a drill broke that was killed in the middle', async () => {
    const main = join(REPOSITORY, 'packages/control/src/main.ts')
    const command = ['drill', 'run', 'router-frozen', '--rate', `${LOAD_RATE}`]
    const args = [main, ...command, '--cluster', CLUSTER_NAME]
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'ignore', 'pipe'] })
    const said: string[] = []
    for await (const line of createInterface({ input: child.stderr })) {
      said.push(line)
      if (line.includes('is frozen')) setTimeout(() => child.kill('SIGKILL'), 1000)
    }
    const broken = await statusOf()
    expect(broken.health, said.join('\n')).not.toBe('healthy')

    const { code, stdout, stderr } = await neuronha(['drill', 'heal', '--cluster', CLUSTER_NAME])
    expect(code, stderr).toBe(0)
    expect(stdout).toMatch(/Healed what router-frozen left/)
    const { stdout: running } = await run('docker', ['ps', '--format', '{{.Names}} {{.Status}}'])
    expect(running).not.toMatch(/loadgen|Paused/)
    const again = await neuronha(['drill', 'heal', '--cluster', CLUSTER_NAME])
    expect(again.stdout).toMatch(/Nothing to heal/)
  })
})
