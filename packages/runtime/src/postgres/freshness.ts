/** May this server serve this read? The lag limit and the caller's own writes, as pure rules. */
import { hasReached, type WriteToken } from '../write-token.ts'
import type { ReplayPosition } from './transaction.ts'

/** Is this position at or past the caller's last write? A primary's own LSN is past it by nature. */
const seesOwnWrites = (position: ReplayPosition, after: WriteToken | undefined): boolean => {
  if (after === undefined) return true
  if (!position.inRecovery) return position.timeline >= after.timeline
  return (
    position.lsn !== null && hasReached({ lsn: position.lsn, timeline: position.timeline }, after)
  )
}

/** For the read database: a standby within the limit, or a primary that happens to answer there. */
export const isFreshEnough = (
  position: ReplayPosition,
  maxLagMs: number,
  after: WriteToken | undefined,
): boolean => {
  const isLate = position.inRecovery && (position.lagMs === null || position.lagMs > maxLagMs)
  return !isLate && seesOwnWrites(position, after)
}

/** For the write database: out of recovery, and not a primary of the past. */
export const isCurrentPrimary = (
  position: ReplayPosition,
  after: WriteToken | undefined,
): boolean => !position.inRecovery && seesOwnWrites(position, after)
