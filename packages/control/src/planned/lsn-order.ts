/** Which of two WAL positions is behind. */
import { assertPresent } from '@neuronha/core/assert-present.ts'
import { lagBytes } from '../observe/lsn.ts'

/** Does a member at `has` still miss some of `wanted`? */
export const isBehind = (has: string, wanted: string): boolean =>
  assertPresent(lagBytes(wanted, has) ?? undefined, `WAL positions, not ${has} and ${wanted}`) > 0
