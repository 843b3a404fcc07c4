import { PlatformError } from './errors.ts'

/** The value, or an INTERNAL error naming what should have been there. For invariants, not for input. */
export function assertPresent<T>(value: T | undefined | null, what: string): T {
  if (value === undefined || value === null) {
    throw new PlatformError('INTERNAL', `${what} is missing`)
  }
  return value
}
