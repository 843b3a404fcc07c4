/** Every drill there is. */
import { PlatformError } from '@neuronha/core/errors.ts'
import { closestOf } from '@neuronha/core/spec/closest.ts'
import { backupDuringFailover } from './backup-during-failover.ts'
import { backendCrash } from './backend-crash.ts'
import { controllerKillBefore } from './controller-kill-before.ts'
import { controllerKillDuring } from './controller-kill-during.ts'
import { controllerKilledWhilePaused } from './controller-killed-while-paused.ts'
import { controllersDown } from './controllers-down.ts'
import { lostEverything } from './lost-everything.ts'
import { restoreLatest } from './restore-latest.ts'
import { restoreToTime } from './restore-to-time.ts'
import { corruptBackup } from './corrupt-backup.ts'
import { diskFull } from './disk-full.ts'
import { divergedPrimaryReturns } from './diverged-primary-returns.ts'
import { edgeKill } from './edge-kill.ts'
import { edgeReload } from './edge-reload.ts'
import { etcdDown } from './etcd-down.ts'
import { etcdLeaderAndPrimary } from './etcd-leader-and-primary.ts'
import { etcdMemberDown } from './etcd-member-down.ts'
import { laggingStandby } from './lagging-standby.ts'
import { machineReboot } from './machine-reboot.ts'
import { overload } from './overload.ts'
import { patroniHung } from './patroni-hung.ts'
import { poolerFrozen } from './pooler-frozen.ts'
import { poolerKill } from './pooler-kill.ts'
import { postmasterHung } from './postmaster-hung.ts'
import { primaryContainerCrash } from './primary-container-crash.ts'
import { primaryCrash } from './primary-crash.ts'
import { primaryEtcdPartition } from './primary-etcd-partition.ts'
import { primaryFrozen } from './primary-frozen.ts'
import { primaryHostLoss } from './primary-host-loss.ts'
import { primaryPartition } from './primary-partition.ts'
import { rollingRestart } from './rolling-restart.ts'
import { routerFrozen } from './router-frozen.ts'
import { routerKill } from './router-kill.ts'
import { routerReloadDuringFailover } from './router-reload-during-failover.ts'
import type { Scenario, ScenarioOptions } from './scenario.ts'
import { scaleMembers } from './scale-members.ts'
import { secondHostLoss } from './second-host-loss.ts'
import { serviceFrozen } from './service-frozen.ts'
import { serviceKill } from './service-kill.ts'
import { storeOutage } from './store-outage.ts'
import { switchoverLongTransaction } from './switchover-long-transaction.ts'
import { switchover } from './switchover.ts'
import { syncStandbyLoss } from './sync-standby-loss.ts'
import { twoStandbysLoss } from './two-standbys-loss.ts'

/** In the order in which `drill list` prints them and `drill run all` runs them. */
export const SCENARIOS: readonly Scenario[] = [
  primaryCrash,
  backendCrash,
  primaryContainerCrash,
  primaryHostLoss,
  secondHostLoss,
  primaryFrozen,
  postmasterHung,
  patroniHung,
  primaryPartition,
  primaryEtcdPartition,
  etcdDown,
  etcdMemberDown,
  etcdLeaderAndPrimary,
  syncStandbyLoss,
  twoStandbysLoss,
  laggingStandby,
  diskFull,
  divergedPrimaryReturns,
  scaleMembers,
  switchover,
  switchoverLongTransaction,
  controllerKilledWhilePaused,
  rollingRestart,
  poolerKill,
  poolerFrozen,
  routerKill,
  routerFrozen,
  routerReloadDuringFailover,
  edgeKill,
  edgeReload,
  serviceKill,
  serviceFrozen,
  controllerKillBefore,
  controllerKillDuring,
  controllersDown,
  overload,
  machineReboot,
  storeOutage,
  backupDuringFailover,
  corruptBackup,
  restoreLatest,
  restoreToTime,
  lostEverything,
]

/** One drill in one of its forms. */
export interface ChosenDrill {
  readonly scenario: Scenario
  readonly options: ScenarioOptions
}

/** What a user asks for: each name once, `all` as every drill in every form. */
export function expandDrills(
  names: readonly string[],
  options: ScenarioOptions,
): readonly ChosenDrill[] {
  return names.flatMap((name) => {
    if (name !== 'all') return [{ scenario: findScenario(name), options }]
    return SCENARIOS.flatMap((scenario) =>
      (scenario.variants ?? [{}]).map((variant) => ({
        scenario,
        options: { ...options, ...variant },
      })),
    )
  })
}

export function findScenario(name: string): Scenario {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name)
  if (scenario !== undefined) return scenario
  const names = SCENARIOS.map((candidate) => candidate.name)
  const closest = closestOf(name, names)
  throw new PlatformError('USAGE', `there is no drill named ${name}`, {
    hint: closest === undefined ? `There are: ${names.join(', ')}.` : `Did you mean ${closest}?`,
  })
}
