/** `doctor`: can this machine run a cluster; what is wrong, and how to mend it. */
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import {
  diagnose,
  diagnoseBackups,
  diagnoseKeptData,
  formatFindings,
  type Finding,
} from '../setup/doctor.ts'
import { loadInPlace } from '../restore/in-place-record.ts'
import { observeMachine, type Machine } from '../setup/observe-machine.ts'
import { comparedCopy } from '../state/backup-key.ts'
import { loadSecrets, stateFolderOf } from '../state/state-folder.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { loadClusterSource, type ClusterChoice, type CommandIo } from './context.ts'
import { assertMachineHasRoom } from './prepare.ts'

/** @throws PlatformError COMMAND_FAILED (exit 1) after printing, when something is a problem. */
export async function doctor(io: CommandIo, choice: ClusterChoice): Promise<void> {
  const { spec } = await loadClusterSource(io, choice)
  const machine = await observeMachine()
  const findings = [
    ...diagnose(machine),
    await findRoom(spec, machine),
    ...(await findBackups(spec)),
  ]
  io.out(io.json ? JSON.stringify({ findings }, null, 2) : formatFindings(findings))
  const problems = findings.filter(({ status }) => status === 'problem')
  if (problems.length > 0) {
    throw new PlatformError(
      'COMMAND_FAILED',
      `${problems.length} thing${problems.length === 1 ? '' : 's'} to mend before a cluster can run here`,
    )
  }
}

/** Of a cluster that was brought up here. */
async function findBackups(spec: ClusterSpec): Promise<readonly Finding[]> {
  const state = stateFolderOf(spec.name)
  const secrets = await loadSecrets(state)
  if (secrets === undefined) return []
  const kept = await loadInPlace(state)
  return [
    diagnoseBackups(spec, await comparedCopy(state, secrets)),
    ...(kept === undefined ? [] : [diagnoseKeptData(kept)]),
  ]
}

/** The ports and the network that the cluster file asks for. */
async function findRoom(spec: ClusterSpec, machine: Machine): Promise<Finding> {
  try {
    await assertMachineHasRoom(spec, machine)
    return { id: 'room', status: 'ok', what: 'ports and network of the cluster file are free' }
  } catch (thrown) {
    const { message, hint } = toPlatformError(thrown)
    return {
      id: 'room',
      status: 'problem',
      what: message,
      fix: hint ?? 'Change it in the cluster file.',
    }
  }
}
