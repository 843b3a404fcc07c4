/**
 * Names a process so that any other process of its machine can tell whether it still runs, though its number may be
 * given out again (proc(5): boot_id, ns/pid, and stat's fields 3, state, and 22, starttime).
 */
import { readFileSync, readlinkSync } from 'node:fs'
import type { ProcessIdentity } from '@neuronha/core/contracts/coordination.ts'

/** Undefined where /proc does not tell. */
export function ownProcess(): ProcessIdentity | undefined {
  try {
    return { ...ownPlace(), pid: process.pid, startTicks: statOf(process.pid).startTicks }
  } catch {
    return undefined
  }
}

/** True only when it is certain: one of another machine, or of another PID namespace, cannot be seen from here. */
export function hasEnded(other: ProcessIdentity): boolean {
  const here = ownProcess()
  if (here?.bootId !== other.bootId || here.pidNamespace !== other.pidNamespace) return false
  try {
    const { state, startTicks } = statOf(other.pid)
    return startTicks !== other.startTicks || state === 'Z' || state === 'X'
  } catch (thrown) {
    const { code } = thrown as NodeJS.ErrnoException
    return code === 'ENOENT' || code === 'ESRCH'
  }
}

const ownPlace = (): Pick<ProcessIdentity, 'bootId' | 'pidNamespace'> => ({
  bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
  pidNamespace: readlinkSync('/proc/self/ns/pid'),
})

function statOf(pid: number): { readonly state: string; readonly startTicks: string } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  // The name, field 2, stands in parentheses and may hold any character.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return { state: fields[3 - 3] ?? '', startTicks: fields[22 - 3] ?? '' }
}
