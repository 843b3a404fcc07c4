import { expect, it, onTestFinished } from 'vitest'
import { plannedConfigOf } from '@neuronha/core/render/planned.ts'
import { SCHEMAS } from '@neuronha/core/topology/roles.ts'
import { runOk } from '@neuronha/runtime/exec.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { cliTlsFiles } from '../../packages/control/src/commands/open-kv.ts'
import {
  continueProcesses,
  signalProcesses,
  type ProcessFilter,
} from '../../packages/control/src/drills/faults/processes.ts'
import { createHttpClient } from '../../packages/control/src/observe/http-client.ts'
import { cluster, sqlOn, untilHealthy, untilStatus } from './cluster.ts'

const WRITES = 20
const RUN = 'leftover-failover'

const isWalReceiver: ProcessFilter = ({ args }) =>
  /^postgres: (\S+: )?walreceiver\b/.test(args[0] ?? '')

/** A switchover that is due in years: Patroni keeps it in `/failover`, and acts on it when the primary is lost. */
async function scheduleSwitchover(leader: string, candidate: string): Promise<void> {
  const { spec, secrets } = cluster()
  const { members, patroniRest } = plannedConfigOf(spec, secrets)
  const address = members.find(({ name }) => name === leader)?.address ?? ''
  const credentials = Buffer.from(`${patroniRest.user}:${patroniRest.password}`)
  const http = createHttpClient(loadTls(cliTlsFiles(cluster())))
  try {
    const { status, body } = await http.post(
      `https://${address}:8008/switchover`,
      { leader, candidate, scheduled_at: '2099-01-01T00:00:00+00:00' },
      AbortSignal.timeout(5000),
      { authorization: `Basic ${credentials.toString('base64')}` },
    )
    expect(status, body).toBe(202)
  } finally {
    await http.close()
  }
}

it('does not hand a lost host’s leadership to a candidate of a leftover request, who lacks acknowledged writes', async () => {
  const { members } = await untilHealthy()
  const primary = members.find(({ role }) => role === 'primary')?.name ?? ''
  const behind = members.find(({ role }) => role !== 'primary')?.name ?? ''
  await signalProcesses(behind, isWalReceiver, 'SIGSTOP')
  onTestFinished(() => continueProcesses(behind))
  await scheduleSwitchover(primary, behind)
  for (let write = 0; write < WRITES; write += 1) {
    await sqlOn(
      primary,
      `insert into ${SCHEMAS.drill}.ledger (id, run) values (gen_random_uuid(), '${RUN}')`,
    )
  }

  await runOk('docker', ['kill', primary])
  const after = await untilStatus('another primary', (status) =>
    status.members.some(({ name, role }) => role === 'primary' && name !== primary),
  )
  const successor = after.members.find(({ role }) => role === 'primary')?.name ?? ''
  expect(successor).not.toBe(behind)
  const kept = `select count(*) from ${SCHEMAS.drill}.ledger where run = '${RUN}'`
  expect((await sqlOn(successor, kept)).trim()).toBe(String(WRITES))

  await continueProcesses(behind)
  await untilHealthy()
  await sqlOn(successor, `delete from ${SCHEMAS.drill}.ledger where run = '${RUN}'`)
})
