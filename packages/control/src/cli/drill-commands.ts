/** The commands below `drill`. */
import { Option, type Command } from 'commander'
import { PlatformError } from '@neuronha/core/errors.ts'
import { SERVICE_COMPONENTS, type ServiceComponent } from '@neuronha/core/topology/containers.ts'
import type { CommandIo } from '../commands/context.ts'
import { DEFAULT_SOAK_MINUTES, DEFAULT_SOAK_SEED } from '../drills/soak/soak.ts'
import { drillSchedule } from '../commands/drill-schedule.ts'
import { drillHeal, drillList, drillReport, drillRun, drillSoak } from '../commands/drill.ts'

export interface DrillCommandParts {
  readonly io: (flags: { readonly json?: boolean }) => CommandIo
  readonly fileOption: Option
  readonly clusterOption: Option
  readonly jsonOption: Option
}

interface ClusterFlags {
  readonly file?: string
  readonly cluster?: string
  readonly json?: boolean
}

interface RunFlags extends ClusterFlags {
  readonly service?: ServiceComponent
  readonly after?: number
  readonly minutes?: number
  readonly rate?: number
  readonly seconds?: number
  readonly path?: 'http' | 'sql' | 'both'
  readonly withoutController: boolean
  readonly compare: boolean
  readonly times: number
  readonly fresh: boolean
  readonly yesIMeanIt?: string
}

/** A number within bounds, or a message that names the option. */
const numberOf =
  (name: string, least: number, most: number) =>
  (text: string): number => {
    const value = Number(text)
    if (text.trim() !== '' && value >= least && value <= most) return value
    throw new PlatformError('USAGE', `${name} ${text}: give a number from ${least} to ${most}`)
  }

const confirmOption = new Option(
  '--yes-i-mean-it <cluster>',
  'the cluster’s name; needed when it is in production, or when the drill destroys it',
)
const rateOption = new Option(
  '--rate <requests>',
  'requests per second of each path (50, or as many as the cluster carries)',
).argParser(numberOf('--rate', 1, 2000))

export function addDrills(program: Command, parts: DrillCommandParts): void {
  const drill = program
    .command('drill')
    .summary('rehearse failures under load')
    .description('Rehearses failures under load, and measures what they cost.')
  const { io, fileOption, clusterOption, jsonOption } = parts
  drill
    .command('list')
    .summary('what there is to rehearse')
    .description('Lists every drill: what it does, and what users may notice.')
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .action((flags: ClusterFlags) => drillList(io(flags), choiceOf(flags)))
  addRun(drill, parts)
  addSoak(drill, parts)
  drill
    .command('report')
    .summary('every run so far: medians, maxima, with and without controllers, trend')
    .description('Sums up every run that was kept, and writes a report over all of them.')
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .action((flags: ClusterFlags) => drillReport(io(flags), choiceOf(flags)))
  drill
    .command('schedule')
    .summary('the drills that run by themselves: when, and what came of the last ones')
    .description(
      'Shows which drills the controllers run by themselves, when the next ones are due, and how the last ones ended. --now has them run at once, and waits.',
    )
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .option('--now', 'ask the active controller for them now', false)
    .action((flags: ClusterFlags & { readonly now: boolean }) =>
      drillSchedule(io(flags), { ...choiceOf(flags), now: flags.now }),
    )
  drill
    .command('heal')
    .summary('mend what an interrupted drill left')
    .description(
      'Mends what a drill left that was killed: its fault, its load generator, its rows. The next drill would do the same.',
    )
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .action((flags: ClusterFlags) => drillHeal(io(flags), choiceOf(flags)))
}

function addRun(drill: Command, { io, fileOption, clusterOption, jsonOption }: DrillCommandParts) {
  drill
    .command('run <names...>')
    .summary('run drills, one after the other; `all` runs every one')
    .description(
      'Runs drills one after the other. `all` runs every drill in every form that the cluster has what it needs for, and goes on where it stopped when it was interrupted; lost-everything, which destroys the cluster, is no part of it.',
    )
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .addOption(
      new Option('--service <service>', 'service-kill, service-frozen: whose replica').choices(
        SERVICE_COMPONENTS,
      ),
    )
    .addOption(
      new Option(
        '--after <seconds>',
        'controller-kill-during: how long after the fault (0)',
      ).argParser(numberOf('--after', 0, 60)),
    )
    .addOption(
      new Option('--minutes <minutes>', 'overload, store-outage: how long (3, 5)').argParser(
        numberOf('--minutes', 0.5, 120),
      ),
    )
    .addOption(rateOption)
    .addOption(
      new Option('--seconds <seconds>', 'the load goes on for at least so long').argParser(
        numberOf('--seconds', 1, 3600),
      ),
    )
    .addOption(
      new Option('--path <path>', 'which way the load takes (the drill’s own)').choices([
        'http',
        'sql',
        'both',
      ]),
    )
    .option('--without-controller', 'stop both controllers for the run: Patroni alone', false)
    .option('--compare', 'each drill with and without the controllers', false)
    .addOption(
      new Option('--times <n>', 'how often each drill is run')
        .argParser(numberOf('--times', 1, 100))
        .default(1),
    )
    .option('--fresh', '`all`: from the beginning, whatever was done before', false)
    .addOption(confirmOption)
    .action((names: string[], flags: RunFlags) =>
      drillRun(io(flags), {
        ...choiceOf(flags),
        names,
        times: flags.times,
        compare: flags.compare,
        fresh: flags.fresh,
        options: {
          withController: !flags.withoutController,
          ...given('service', flags.service),
          ...given('afterSeconds', flags.after),
          ...given('minutes', flags.minutes),
          ...given('ratePerSecond', flags.rate),
          ...given('seconds', flags.seconds),
          ...given('path', flags.path),
          ...given('confirmedName', flags.yesIMeanIt),
        },
      }),
    )
}

interface SoakFlags extends ClusterFlags {
  readonly minutes: number
  readonly seed: number
  readonly rate?: number
  readonly withoutController: boolean
  readonly plan: boolean
  readonly yesIMeanIt?: string
}

function addSoak(drill: Command, { io, fileOption, clusterOption, jsonOption }: DrillCommandParts) {
  drill
    .command('soak')
    .summary('random faults under load, in random order and overlapping')
    .description(
      'Makes random faults under load, never more at once than the cluster is built to survive. The same seed makes the same schedule.',
    )
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .addOption(
      new Option('--minutes <minutes>', 'how long')
        .argParser(numberOf('--minutes', 1, 120))
        .default(DEFAULT_SOAK_MINUTES),
    )
    .addOption(
      new Option('--seed <number>', 'which schedule')
        .argParser(numberOf('--seed', 0, 2 ** 32 - 1))
        .default(DEFAULT_SOAK_SEED),
    )
    .addOption(rateOption)
    .option('--without-controller', 'stop both controllers for the run: Patroni alone', false)
    .option('--plan', 'only print the schedule', false)
    .addOption(confirmOption)
    .action((flags: SoakFlags) =>
      drillSoak(io(flags), {
        ...choiceOf(flags),
        plan: flags.plan,
        options: {
          minutes: flags.minutes,
          seed: flags.seed,
          withController: !flags.withoutController,
          ...given('ratePerSecond', flags.rate),
          ...given('confirmedName', flags.yesIMeanIt),
        },
      }),
    )
}

/** A property, only when it was given. */
const given = <K extends string, T>(key: K, value: T | undefined): Partial<Record<K, T>> =>
  value === undefined ? {} : ({ [key]: value } as Record<K, T>)

const choiceOf = ({ file, cluster }: ClusterFlags) => ({ file, cluster })
