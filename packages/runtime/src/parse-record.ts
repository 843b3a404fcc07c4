/** A value of etcd or of a file as a record. Nothing here throws: others may have written it. */
import type { z } from 'zod'

/** Undefined: there is none, or none that this code can read. */
export function parseRecord<T extends z.ZodType>(
  schema: T,
  text: string | undefined,
): z.infer<T> | undefined {
  if (text === undefined) return undefined
  try {
    return schema.safeParse(JSON.parse(text)).data
  } catch {
    return undefined
  }
}
