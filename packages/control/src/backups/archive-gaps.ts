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
    // The next timeline begins within a segment that the one before may have ended in, or one after its last.
    if (previous === undefined || segment.number <= previous.number + 1) return []
    return [{ after: previous.name, before: segment.name }]
  })
}
