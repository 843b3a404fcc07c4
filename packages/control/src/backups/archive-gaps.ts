/**
 * Whether the archive has every WAL segment between its first and its last. A segment that waited on a primary that is gone was
 * never archived by the next one, and nothing else says so: pgBackRest does not look between backups. Pure.
 */
import type { ArchiveGap } from '@neuronha/core/contracts/backups.ts'

/** Segments of 16 MB: 256 of them share the middle part of their names. */
const SEGMENTS_PER_LOG = 256
/** A whole segment as the repository names it; partial ones and histories are something else. */
const SEGMENT = /(?:^|\/)([0-9A-F]{8})([0-9A-F]{8})([0-9A-F]{8})-[0-9a-f]{40}/

interface Segment {
  readonly name: string
  readonly timeline: number
  readonly number: number
}

/** A gap that is longer is not asked for at once; what is left of it the next look names again. */
const MOST_MISSING = 256

function segmentOf(file: string): Segment | undefined {
  const found = SEGMENT.exec(file)
  if (found === null) return undefined
  const [timeline = 0, log = 0, low = 0] = found.slice(1).map((part) => Number.parseInt(part, 16))
  return {
    name: found.slice(1).join(''),
    timeline,
    number: log * SEGMENTS_PER_LOG + low,
  }
}

/**
 * @param files Paths in the repository, in whatever order.
 * @returns Where WAL is missing, the oldest first.
 */
export function archiveGaps(files: readonly string[]): readonly ArchiveGap[] {
  const segments = files
    .flatMap((file) => segmentOf(file) ?? [])
    .sort((left, right) => left.timeline - right.timeline || left.number - right.number)
  return segments.flatMap((segment, index) => {
    const previous = segments[index - 1]
    if (previous === undefined) return []
    const isNext =
      previous.timeline === segment.timeline
        ? segment.number <= previous.number + 1
        : isContinued(segment, segments.slice(0, index))
    return isNext ? [] : [{ after: previous.name, before: segment.name }]
  })
}

/**
 * A timeline begins within a segment that the one which it comes from may have ended in, or one after its last. Which that is its
 * history says; after a restore to an earlier moment, or its undoing, it is not the one before.
 */
const isContinued = (first: Segment, earlier: readonly Segment[]): boolean =>
  earlier.some(({ number }) => number === first.number || number === first.number - 1) ||
  earlier.every(({ number }) => number > first.number)

/** The segment of a name as PostgreSQL writes it. */
const named = (name: string): Segment | undefined => segmentOf(`${name}-${'0'.repeat(40)}`)

const nameOf = (timeline: number, number: number): string =>
  [timeline, Math.floor(number / SEGMENTS_PER_LOG), number % SEGMENTS_PER_LOG]
    .map((part) => part.toString(16).toUpperCase().padStart(8, '0'))
    .join('')

/**
 * The names that the missing segments may have, the oldest first: a gap that spans a change of the primary does not say to
 * which timeline each belongs, and a member has a file of one of them only.
 */
export function missingSegments({ after, before }: ArchiveGap): readonly string[] {
  const [last, next] = [named(after), named(before)]
  if (last === undefined || next === undefined) return []
  const count = Math.min(MOST_MISSING, next.number - last.number - 1)
  return Array.from({ length: Math.max(0, count) }, (_, index) => last.number + 1 + index).flatMap(
    (number) =>
      Array.from({ length: next.timeline - last.timeline + 1 }, (_, index) =>
        nameOf(last.timeline + index, number),
      ),
  )
}
