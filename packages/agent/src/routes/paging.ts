/** Cursors: opaque to the caller, the last id of a page to us. */
import { PlatformError } from '@neuronha/core/errors.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The id that a cursor stands for; null for the first page. */
export const parseCursor = (cursor: string | undefined): string | null => {
  if (cursor === undefined) return null
  const id = Buffer.from(cursor, 'base64url').toString('utf8')
  if (UUID.test(id)) return id
  throw new PlatformError('BAD_REQUEST', 'This cursor is not one of ours', {
    hint: 'Send next_cursor of the page before, unchanged.',
  })
}

export interface Page<T> {
  readonly items: T[]
  readonly next_cursor: string | null
}

/** A page from `limit + 1` rows: the one too many says that there is more. */
export const pageOf = <T extends { readonly id: string }>(
  rows: readonly T[],
  limit: number,
): Page<T> => {
  const items = rows.slice(0, limit)
  const last = items.at(-1)
  const hasMore = rows.length > limit && last !== undefined
  return { items, next_cursor: hasMore ? Buffer.from(last.id).toString('base64url') : null }
}
