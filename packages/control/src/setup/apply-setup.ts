/**
 * Carries out the plan of `plan-setup.ts`. Can be interrupted anywhere and run again: what an
 * interruption left half done (a package unpacked and not configured) is repaired first.
 */
import { readFile, stat } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'

import { PlatformError } from '@neuronha/core/errors.ts'
import { run, runOk, showCommand } from '@neuronha/runtime/exec.ts'

import { OPEN_SOCKET } from './doctor.ts'
import { observeMachine, type Machine } from './observe-machine.ts'
import { findObstacles, planSetup, type PlanSetupOptions, type SetupStep } from './plan-setup.ts'
import { runStep, type Progress, type ProgressStep } from './progress.ts'

export interface ApplySetupOptions extends PlanSetupOptions {
  readonly machine: Machine
  readonly progress: Progress
  /** False with `--no-install`: what is missing is then an error that names the commands. */
  readonly mayInstall: boolean
  readonly signal?: AbortSignal
}

const COMMAND_TIMEOUT_MS = 600_000
const APT_LOCK_TIMEOUT_MS = 300_000
const APT_LOCKS = [
  '/var/lib/dpkg/lock-frontend',
  '/var/lib/dpkg/lock',
  '/var/lib/apt/lists/lock',
] as const

type Note = Pick<ProgressStep, 'note'>

/**
 * Makes this machine able to run a cluster and returns it as it is then.
 *
 * @throws PlatformError SETUP_REFUSED when something is missing and must not be installed,
 *   NO_PERMISSION, or SETUP_FAILED; after any of them the same call can be made again.
 */
export async function applySetup(options: ApplySetupOptions): Promise<Machine> {
  const steps = planSetup(options.machine, options)
  if (steps.length === 0) return options.machine
  assertPossible(options.machine)
  if (!options.mayInstall) assertNothingToInstall(steps)

  for (const step of steps) {
    options.progress.say(`${step.title}, because ${step.why}.`)
    await runStep(options.progress, step.title, (note) => applyStep(step, note, options.signal))
  }

  const machine = await observeMachine()
  assertReady(machine)
  return machine
}

/** The commands of a plan, for people who run them by hand. */
export function showSteps(steps: readonly SetupStep[]): string {
  return steps
    .flatMap((step) => step.commands)
    .map(([command = '', ...args]) => `  ${showCommand(command, args)}`)
    .join('\n')
}

async function applyStep(
  step: SetupStep,
  note: Note,
  signal: AbortSignal | undefined,
): Promise<void> {
  const options = {
    timeoutMs: COMMAND_TIMEOUT_MS,
    onLine: (line: string) => note.note(line.trim()),
    ...(signal === undefined ? {} : { signal }),
  }
  try {
    for (const [command = '', ...args] of step.commands) {
      if (args.includes('apt-get')) await prepareApt(note, options)
      await runOk(command, args, options)
    }
  } catch (cause) {
    if (cause instanceof PlatformError && cause.code === 'INTERRUPTED') throw cause
    const message = cause instanceof Error ? cause.message : String(cause)
    throw new PlatformError('SETUP_FAILED', `${step.title} failed: ${message}`, {
      hint: `Mend what the message names and run this again, or by hand:\n${showSteps([step])}`,
      cause,
    })
  }
}

/** Waits for whoever is using apt, then completes what an interrupted dpkg left. */
async function prepareApt(note: Note, options: { readonly timeoutMs: number }): Promise<void> {
  const deadline = performance.now() + APT_LOCK_TIMEOUT_MS
  for (;;) {
    const holder = await findAptLockHolder()
    if (holder === undefined) break
    if (performance.now() > deadline) {
      throw new PlatformError('SETUP_FAILED', `${holder} has held apt's lock for five minutes`, {
        hint: 'Let it end, or end it, and run this again.',
      })
    }
    note.note(`waiting for ${holder}, which is using apt`)
    await sleep(1_000)
  }
  const repaired = await run('dpkg', ['--configure', '-a', '--force-confold'], {
    ...options,
    env: { DEBIAN_FRONTEND: 'noninteractive' },
  })
  if (repaired.code !== 0) note.note('dpkg could not repair an earlier installation; apt will try')
}

async function findAptLockHolder(): Promise<string | undefined> {
  const locks = await readFile('/proc/locks', 'utf8').catch(() => '')
  for (const path of APT_LOCKS) {
    const inode = await stat(path).then(
      (found) => found.ino,
      () => undefined,
    )
    const pid = inode === undefined ? undefined : findLockHolder(locks, inode)
    if (pid === undefined) continue
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => 'a program')
    return `${name.trim()} (pid ${pid})`
  }
  return undefined
}

/** The process that holds a lock on the file with this inode, out of the text of /proc/locks. */
export function findLockHolder(procLocks: string, inode: number): number | undefined {
  for (const line of procLocks.split('\n')) {
    const match = /^\d+: \w+\s+\w+\s+WRITE\s+(\d+)\s+[0-9a-f]+:[0-9a-f]+:(\d+)\s/.exec(line)
    if (match !== null && Number(match[2]) === inode) return Number(match[1])
  }
  return undefined
}

function assertPossible(machine: Machine): void {
  const obstacles = findObstacles(machine)
  if (obstacles.length === 0) return
  throw new PlatformError(
    machine.isRoot ? 'SETUP_FAILED' : 'NO_PERMISSION',
    `this machine cannot be set up: ${obstacles.join('; ')}`,
    { hint: '`neuronha doctor` shows everything that was looked at.' },
  )
}

function assertNothingToInstall(steps: readonly SetupStep[]): void {
  const missing = steps.filter((step) => step.installs)
  if (missing.length === 0) return
  const reasons = missing.map((step) => `${step.title}: ${step.why}`).join('\n')
  throw new PlatformError(
    'SETUP_REFUSED',
    `something is missing, and --no-install forbids to install it:\n${reasons}`,
    {
      hint: `By hand, as root:\n${showSteps(steps)}`,
    },
  )
}

function assertReady(machine: Machine): void {
  if (machine.daemon.kind !== 'running') {
    throw new PlatformError(
      'ENGINE_UNREACHABLE',
      `the container engine does not answer: ${machine.daemon.message}`,
      {
        hint: machine.hasSystemd
          ? 'journalctl -u docker -n 50'
          : 'tail -n 50 /var/log/neuronha-dockerd.log',
      },
    )
  }
  if (machine.engineSocket?.isOpenToGroup === false) {
    throw new PlatformError(
      'SETUP_FAILED',
      `the group of ${machine.engineSocket.path} may not use it, so no engine proxy could`,
      { hint: OPEN_SOCKET },
    )
  }
  if (machine.composeVersion === undefined) {
    throw new PlatformError(
      'SETUP_FAILED',
      '`docker compose version` still fails after its installation',
    )
  }
}
