/** Loads the failover's code without one of its guards. The files themselves stay as they are. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Plugin } from 'vitest/config'
import { GUARDS, type Guard } from './guards.ts'

const FAILOVER = join(import.meta.dirname, '..', '..', 'packages/control/src/failover')

export const pathOf = ({ file }: Guard): string => join(FAILOVER, file)

/** How often the guard stands in its file: 1, unless the file was changed and the list of guards was not. */
export const occurrences = (guard: Guard): number =>
  readFileSync(pathOf(guard), 'utf8').split(guard.code).length - 1

/** `npm run guards` says by number which guard the tests do without. */
export function guardTakenAway(): Plugin[] {
  const guard = GUARDS[Number(process.env['NEURONHA_WITHOUT_GUARD'] ?? Number.NaN)]
  return guard === undefined ? [] : [withoutGuard(guard)]
}

const withoutGuard = (guard: Guard): Plugin => ({
  name: 'without-guard',
  enforce: 'pre',
  transform: (code, id) =>
    id === pathOf(guard) ? code.replace(guard.code, () => guard.instead) : undefined,
})
