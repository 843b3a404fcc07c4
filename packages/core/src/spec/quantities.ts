/** Quantities as people write them in a cluster file: `512MB`, `1.5GB`, `7d`, `90s`. */
import { z } from 'zod'

const BYTE_UNITS: Readonly<Record<string, number>> = {
  B: 1,
  KB: 1024,
  MB: 1024 ** 2,
  GB: 1024 ** 3,
  TB: 1024 ** 4,
}

const DURATION_UNITS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
}

const parseQuantity = (
  text: string,
  units: Readonly<Record<string, number>>,
): number | undefined => {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim())
  const factor = units[match?.[2] ?? '']
  return match && factor !== undefined ? Math.round(Number(match[1]) * factor) : undefined
}

/** Bytes of a size such as `256MB` (1 KB = 1024 B, as in PostgreSQL); undefined when it is none. */
export const parseBytes = (text: string): number | undefined => parseQuantity(text, BYTE_UNITS)

/** Milliseconds of a duration such as `30s`; undefined when it is none. */
export const parseDurationMs = (text: string): number | undefined =>
  parseQuantity(text, DURATION_UNITS)

/** A size in the cluster file; kept as written, read with {@link bytesOf}. */
export const sizeSchema = z.string().refine((text) => parseBytes(text) !== undefined, {
  error: 'is not a size — write a number and B, KB, MB, GB or TB, for example 512MB',
})

/** A duration in the cluster file; kept as written, read with {@link durationMsOf}. */
export const durationSchema = z.string().refine((text) => parseDurationMs(text) !== undefined, {
  error: 'is not a duration — write a number and ms, s, min, h or d, for example 7d',
})

/** Bytes of a size that {@link sizeSchema} accepted. */
export const bytesOf = (size: string): number => parseBytes(size) ?? 0

/** Milliseconds of a duration that {@link durationSchema} accepted. */
export const durationMsOf = (duration: string): number => parseDurationMs(duration) ?? 0
