/** Damages one file of the trial store, and mends it: as a disk does that returns something else than was written. */
import { STORE_DATA_DIR } from '@neuronha/core/render/compose.ts'
import { PlatformError } from '@neuronha/core/errors.ts'
import { execIn } from './exec-in.ts'

/** What the file was, beside the objects and not among them. */
const KEPT = `${STORE_DATA_DIR}/before-drill`

/** The store writes a key's dots in its own way, and ends each file with a dollar. */
const LARGEST = `find ${STORE_DATA_DIR}/objects -type f -path "*/$1/*" ! -name "backup*" -printf '%s %p\\n' | sort -rn | head -1 | cut -d' ' -f2-`

/**
 * The largest file of a backup.
 *
 * @throws PlatformError REFUSED_FOR_SAFETY when the store has none of that label.
 */
export async function largestFileOf(store: string, label: string): Promise<string> {
  const path = await execIn(store, ['sh', '-ec', LARGEST, 'sh', label])
  if (path !== '') return path
  throw new PlatformError('REFUSED_FOR_SAFETY', `the store has no file of the backup ${label}`)
}

/** Sixteen bytes in its middle become zeros; what it was is kept first. */
const DAMAGE = `cp -p "$1" ${KEPT}.new && sync ${KEPT}.new && mv ${KEPT}.new ${KEPT}
size=$(stat -c %s "$1")
dd if=/dev/zero of="$1" bs=1 seek=$((size / 2)) count=16 conv=notrunc,fsync 2>/dev/null`

/** Nothing to do when nothing is kept; a file that expired meanwhile does not come back. */
const MEND = `if [ -e ${KEPT} ]; then if [ -e "$1" ]; then mv ${KEPT} "$1"; else rm ${KEPT}; fi; fi`

export const damage = async (store: string, path: string): Promise<void> => {
  await execIn(store, ['sh', '-ec', DAMAGE, 'sh', path])
}

export const mendDamage = async (store: string, path: string): Promise<void> => {
  await execIn(store, ['sh', '-ec', MEND, 'sh', path])
}
