/** A restore's target in the words of pgBackRest. Pure. */
import type { RestoreTarget } from '@neuronha/core/contracts/restore.ts'

/** What `restore` is told: up to when, and that the copy then begins a timeline of its own. */
export function restoreArguments(target: RestoreTarget): readonly string[] {
  switch (target.kind) {
    case 'latest':
      // Recovery that has no target ends with the archive, and begins a new timeline by itself.
      return ['--type=default']
    case 'time':
      return upTo('time', target.time.replace('T', ' ').replace('Z', '+00'))
    case 'lsn':
      return upTo('lsn', target.lsn)
    case 'name':
      return upTo('name', target.name)
  }
}

const upTo = (type: string, value: string): readonly string[] => [
  `--type=${type}`,
  `--target=${value}`,
  '--target-action=promote',
]

/** For people: `up to 2026-11-29 10:15:00 UTC`. */
export function targetWords(target: RestoreTarget): string {
  switch (target.kind) {
    case 'latest':
      return 'as far as WAL is archived'
    case 'time':
      return `up to ${target.time.replace('T', ' ').replace('.000Z', 'Z').replace('Z', ' UTC')}`
    case 'lsn':
      return `up to WAL position ${target.lsn}`
    case 'name':
      return `up to the restore point ${target.name}`
  }
}
