/** The command table: what there is to type, and which function does it. */
import { Command, Option } from 'commander'
import { SEVERITIES as ALERT_SEVERITIES, type AlertSeverity } from '@neuronha/core/alerts/alert.ts'
import { severity, type Severity } from '@neuronha/core/contracts/coordination.ts'
import { exec, logs, psql } from '../commands/containers.ts'
import type { CommandIo } from '../commands/context.ts'
import { doctor } from '../commands/doctor.ts'
import { down } from '../commands/down.ts'
import { events } from '../commands/events.ts'
import { maintenanceOff, maintenanceOn, maintenanceShow } from '../commands/maintenance.ts'
import { notifyTest } from '../commands/notify.ts'
import { plan } from '../commands/plan.ts'
import { render } from '../commands/render.ts'
import { reinitCommand, restart } from '../commands/restart.ts'
import { scale } from '../commands/scale.ts'
import { status } from '../commands/status.ts'
import { switchoverCommand } from '../commands/switchover.ts'
import { up } from '../commands/up.ts'
import { completionScript, SHELLS } from './completion.ts'
import { addBackups } from './backup-commands.ts'
import { addDrills } from './drill-commands.ts'
import { choiceOf, type CommonFlags, type MakeCommand, type MakeIo } from './flags.ts'
import { addRestores } from './restore-commands.ts'

export interface ProgramDeps {
  /** Makes the terminal for one command. */
  readonly io: (options: { readonly json: boolean }) => CommandIo
  /** Told the exit code of a program that a command ran. */
  readonly setExitCode: (code: number) => void
}

const jsonOption = new Option('--json', 'print the result as JSON')
const clusterOption = new Option('--cluster <name>', 'which cluster, when this machine has several')
const fileOption = new Option(
  '-f, --file <path>',
  'the cluster file (default: ./cluster.yaml, else what was last applied, else the defaults)',
)
const yesOption = new Option('-y, --yes', 'agree to what would be asked').default(false)

const forceOption = new Option(
  '--force',
  'go on although somebody else has the cluster in maintenance',
).default(false)

/** The whole command line. */
export function createProgram(deps: ProgramDeps): Command {
  const program = new Command('neuronha')
    .description(
      'High availability for AI-agent stacks on PostgreSQL: one file, one command, proven by drills.',
    )
    .showHelpAfterError('(neuronha --help lists the commands)')
    .enablePositionalOptions()
  const command = (name: string, summary: string): Command =>
    program
      .command(name)
      .summary(summary)
      .description(summary)
      .addOption(fileOption)
      .addOption(clusterOption)
      .addOption(jsonOption)
  const io = (flags: CommonFlags): CommandIo => deps.io({ json: flags.json ?? false })

  addLifeCycle(command, io)
  addPlannedWork(command, io)
  addLooking(command, io, deps)
  addEvents(command, io)
  addMaintenance(program, io)
  addNotify(program, io)
  addRestores(command, io)
  addBackups(program, { io, fileOption, clusterOption, jsonOption })
  addDrills(program, { io, fileOption, clusterOption, jsonOption })
  program
    .command('completion <shell>')
    .summary(`print a completion script (${SHELLS.join(', ')})`)
    .description('Prints a completion script. For bash: source <(./neuronha completion bash)')
    .action((shell: string) => io({}).out(completionScript(program, shell)))
  return program
}

function addLifeCycle(command: MakeCommand, io: MakeIo): void {
  command('up', 'create the cluster, or make it what its file says')
    .addOption(yesOption)
    .option('--no-install', 'refuse instead of installing what this machine lacks')
    .action((flags: CommonFlags & { yes: boolean; install: boolean }) =>
      up(io(flags), { ...choiceOf(flags), yes: flags.yes, install: flags.install }),
    )
  command(
    'plan',
    'show what `up` would do, and how long writes would pause (exit 4: changes pending)',
  ).action((flags: CommonFlags) => plan(io(flags), choiceOf(flags)))
  command('scale <targets...>', 'change how many replicas run, for example agent=5')
    .addOption(yesOption)
    .action((targets: string[], flags: CommonFlags & { yes: boolean }) =>
      scale(io(flags), { ...choiceOf(flags), targets, yes: flags.yes }),
    )
  command('down', 'stop the cluster; data stays')
    .option('--volumes', 'delete all data, keys and passwords too (asks)', false)
    .addOption(yesOption)
    .action((flags: CommonFlags & { volumes: boolean; yes: boolean }) =>
      down(io(flags), { ...choiceOf(flags), volumes: flags.volumes, yes: flags.yes }),
    )
  command('render', 'write every file, to run the cluster without this CLI')
    .option('--engine <engine>', 'compose', 'compose')
    .requiredOption('--out <folder>', 'a new folder')
    .action((flags: CommonFlags & { engine: string; out: string }) =>
      render(io(flags), { ...choiceOf(flags), engine: flags.engine, out: flags.out }),
    )
}

function addPlannedWork(command: MakeCommand, io: MakeIo): void {
  command('switchover', 'make another member the primary; clients wait, none is sent away')
    .option('--to <member>', 'which one, for example member-2 (default: the one that is furthest)')
    .addOption(forceOption)
    .action((flags: CommonFlags & { to?: string; force: boolean }) =>
      switchoverCommand(io(flags), { ...choiceOf(flags), to: flags.to, force: flags.force }),
    )
  command(
    'restart [targets...]',
    'restart containers one by one, for example pooler or member-2 (default: all); the primary last, after a switchover',
  )
    .option('--pending', 'only PostgreSQL, of the members whose settings wait for it', false)
    .addOption(forceOption)
    .addOption(yesOption)
    .action(
      (
        targets: string[],
        flags: CommonFlags & { pending: boolean; force: boolean; yes: boolean },
      ) =>
        restart(io(flags), {
          ...choiceOf(flags),
          targets,
          pending: flags.pending,
          force: flags.force,
          yes: flags.yes,
        }),
    )
  command('reinit <member>', 'throw a standby’s data away and copy it anew (asks)')
    .addOption(forceOption)
    .addOption(yesOption)
    .action((member: string, flags: CommonFlags & { force: boolean; yes: boolean }) =>
      reinitCommand(io(flags), {
        ...choiceOf(flags),
        member,
        force: flags.force,
        yes: flags.yes,
      }),
    )
}

function addLooking(command: MakeCommand, io: MakeIo, deps: ProgramDeps): void {
  command('status', 'the topology: roles, lag, health (exit 1: absent or degraded)')
    .option('-w, --watch', 'keep it on the screen', false)
    .action((flags: CommonFlags & { watch: boolean }) =>
      status(io(flags), { ...choiceOf(flags), watch: flags.watch }),
    )
  command('doctor', 'is this machine able to run a cluster; what is wrong, how to mend it').action(
    (flags: CommonFlags) => doctor(io(flags), choiceOf(flags)),
  )
  command('psql [arguments...]', 'psql as superuser on the primary or a standby')
    .addOption(new Option('--primary', 'on the primary (default)').conflicts('standby'))
    .option('--standby', 'on a streaming standby', false)
    .option('-d, --database <name>', 'which database')
    .passThroughOptions()
    .allowUnknownOption()
    .action(
      async (args: string[], flags: CommonFlags & { standby: boolean; database?: string }) => {
        const role = flags.standby ? 'standby' : 'primary'
        deps.setExitCode(
          await psql(io(flags), {
            ...choiceOf(flags),
            role,
            database: flags.database,
            arguments: withoutSeparator(args),
          }),
        )
      },
    )
  command(
    'logs <container>',
    'logs of a container, or of all of a component, for example member-1 or agent',
  )
    .option('--follow', 'go on as lines come', false)
    .option('-n, --tail <lines>', 'how many lines', '100')
    .action(async (container: string, flags: CommonFlags & { follow: boolean; tail: string }) => {
      deps.setExitCode(
        await logs(io(flags), {
          ...choiceOf(flags),
          container,
          follow: flags.follow,
          tail: flags.tail,
        }),
      )
    })
  command('exec <container> <command...>', 'run a command in a container')
    .passThroughOptions()
    .action(async (container: string, words: string[], flags: CommonFlags) => {
      deps.setExitCode(
        await exec(io(flags), { ...choiceOf(flags), container, command: withoutSeparator(words) }),
      )
    })
}

function addEvents(command: MakeCommand, io: MakeIo): void {
  command('events', 'the audit log: what was decided and done, by whom, on what evidence')
    .option('--since <time>', 'how long ago (90s, 15m, 1h, 7d), or a time in ISO 8601')
    .option('--kind <prefix>', 'kinds that begin so, for example failover or cli.up')
    .addOption(new Option('--severity <least>', 'at least so severe').choices(severity.options))
    .option('--follow', 'go on as they come', false)
    .option('--limit <events>', 'the newest so many (default: 50)', Number)
    .action(
      (
        flags: CommonFlags & {
          since?: string
          kind?: string
          severity?: Severity
          follow: boolean
          limit?: number
        },
      ) =>
        events(io(flags), {
          ...choiceOf(flags),
          since: flags.since,
          kind: flags.kind,
          severity: flags.severity,
          follow: flags.follow,
          limit: flags.limit,
        }),
    )
}

function addMaintenance(program: Command, io: MakeIo): void {
  const maintenance = program
    .command('maintenance')
    .summary('hold the controllers back while people work on the cluster')
    .description(
      'Holds the controllers back while people work on the cluster; who and why is shown everywhere.',
    )
  const command = (name: string, summary: string): Command =>
    maintenance
      .command(name)
      .summary(summary)
      .addOption(fileOption)
      .addOption(clusterOption)
      .addOption(jsonOption)
  command('on', 'begin, or say anew who and why')
    .requiredOption('--why <text>', 'what is done, for those who wonder')
    .action((flags: CommonFlags & { why: string }) =>
      maintenanceOn(io(flags), { ...choiceOf(flags), why: flags.why }),
    )
  command('off', 'end it').action((flags: CommonFlags) =>
    maintenanceOff(io(flags), choiceOf(flags)),
  )
  command('show', 'is it on, since when, by whom and why').action((flags: CommonFlags) =>
    maintenanceShow(io(flags), choiceOf(flags)),
  )
}

function addNotify(program: Command, io: MakeIo): void {
  program
    .command('notify')
    .summary('whoever is to be told when something is wrong')
    .description('Whoever the cluster file says is to be told when something is wrong.')
    .command('test')
    .summary('send a test alert, and see whether it is delivered')
    .addOption(
      new Option('--severity <severity>', 'page reaches everybody')
        .choices(ALERT_SEVERITIES)
        .default('page'),
    )
    .addOption(fileOption)
    .addOption(clusterOption)
    .addOption(jsonOption)
    .action((flags: CommonFlags & { severity: AlertSeverity }) =>
      notifyTest(io(flags), { ...choiceOf(flags), severity: flags.severity }),
    )
}

/** `exec agent-1 -- id -u`: what stands behind the first `--` is the program’s. */
const withoutSeparator = (words: readonly string[]): readonly string[] =>
  words[0] === '--' ? words.slice(1) : words
