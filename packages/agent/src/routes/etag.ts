/** ETag and If-Match: a change that was made from an old copy is refused instead of overwriting a newer one. */
import { PlatformError } from '@neuronha/core/errors.ts'

export const etagOf = (version: number): string => `"${version}"`

/** Throws CONFLICT when If-Match names other versions than the stored one. No header matches everything. */
export const assertMatches = (ifMatch: string | undefined, version: number): void => {
  if (ifMatch === undefined) return
  const wanted = ifMatch.split(',').map((tag) => tag.trim())
  if (wanted.includes('*') || wanted.includes(etagOf(version))) return
  throw new PlatformError('CONFLICT', `The stored version is ${version}, not ${ifMatch}`, {
    hint: 'Read it again, apply the change to what is there now, and send its ETag.',
  })
}
