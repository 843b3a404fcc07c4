import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { runOk } from '@neuronha/runtime/exec.ts'
import { expect, test } from 'vitest'
import { CLUSTER_NAME, REPOSITORY } from './neuronha.ts'

interface Found {
  /** How many replication connections were opened, and what was answered. */
  readonly timelines: Readonly<Record<string, readonly [number, readonly string[]]>>
  /** Seconds slept. */
  readonly 'the sender ends': number
  readonly 'the sender stays': number
  readonly elsewhere: number
  /** How often Patroni's loop was woken, before and after each end: primary, primary, standby, paused primary. */
  readonly woken: readonly number[]
  /** Seconds until a standby leads whose next attempt to stream is due in 60. */
  readonly 'the promotion': number
  readonly 'without processes': {
    /** Seconds, of the 60 that were asked for. */
    readonly 'the stop is seen': number
    readonly [what: string]: unknown
  }
  /** Three answers and how many processes they took, of a pg_rewind that starts and one that fails; one without hints. */
  readonly rewinds: unknown
  /** Of a standby that changes its timeline meanwhile: is in recovery, timeline, position, answers not asked for. */
  readonly 'read for a rewind': unknown
}

test("a member's Patroni asks for its timeline once a second, waits no longer for its standbys than they need, is woken when PostgreSQL ends, promotes at once and starts no process for what it can read or say itself", async () => {
  const script = readFileSync(join(REPOSITORY, 'test/stack/shorter_waits_check.py'), 'utf8')
  const member = await runOk('docker', ['inspect', '-f', '{{.Image}}', `${CLUSTER_NAME}-member-1`])
  const python = ['--entrypoint', 'timeout', member.stdout.trim(), '100', 'python3', '-']
  const { stdout } = await runOk('docker', ['run', '--rm', '-i', '--network', 'none', ...python], {
    input: script,
  })
  const found = JSON.parse(stdout) as Found
  expect(found.timelines).toEqual({
    'ten at once': [1, ['7']],
    'another postmaster': [1, ['8']],
    'a second later': [1, ['9']],
    'no answer, for three at once': [1, ['None']],
    'then once more': [1, ['None']],
  })
  expect(found['the sender ends']).toBeLessThan(30)
  expect(found['the sender stays']).toBeGreaterThanOrEqual(0.5)
  expect(found['the sender stays']).toBeLessThan(30)
  expect(found.elsewhere).toBeGreaterThanOrEqual(0.3)
  expect(found.woken).toEqual([0, 1, 1, 2, 2, 2, 2, 2])
  expect(found['the promotion']).toBeLessThan(30)
  expect(found['without processes']['the stop is seen']).toBeLessThan(30)
  expect(found['without processes']).toMatchObject({
    'read by pg_waldump': 0,
    'as pg_waldump says': [true, true],
    // the shutdown checkpoint, and the switch before it that the archive ends with
    'ends at': 2,
    'left to pg_waldump': 2,
    'left to pg_ctl': [],
    'a second promotion': ['promote'],
  })
  expect(found['read for a rewind']).toEqual([true, 20, 320, 0])
  expect(found.rewinds).toEqual([[[true, true, true], 1], [[false, false, false], 3], false])
})
