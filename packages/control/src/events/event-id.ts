/**
 * An event's number: milliseconds since 1970 in 9 base-36 digits, then 8 digits that begin at random and count on.
 * Ids of one process never go back, whatever its clock does; ids of several sort by their clocks. Pure.
 */
const TIME_DIGITS = 9
const TAIL_DIGITS = 8
const TAILS = 36 ** TAIL_DIGITS

/** Tails begin in the lower half, so that there is always room to count on. */
export const TAIL_STARTS = TAILS / 2

const digits = (value: number, count: number): string => value.toString(36).padStart(count, '0')

/** Every id of that millisecond or later sorts at or after this. */
export const firstIdAt = (ms: number): string => digits(Math.max(0, Math.floor(ms)), TIME_DIGITS)

export const msOfId = (id: string): number => parseInt(id.slice(0, TIME_DIGITS), 36)

/** The id after `previous`. `startTail` gives a random integer below TAIL_STARTS. */
export function nextEventId(
  previous: string | undefined,
  nowMs: number,
  startTail: () => number,
): string {
  const previousMs = previous === undefined ? -1 : msOfId(previous)
  if (previous === undefined || nowMs > previousMs)
    return firstIdAt(nowMs) + digits(startTail(), TAIL_DIGITS)
  const tail = parseInt(previous.slice(TIME_DIGITS), 36) + 1
  return tail < TAILS
    ? firstIdAt(previousMs) + digits(tail, TAIL_DIGITS)
    : firstIdAt(previousMs + 1) + digits(0, TAIL_DIGITS)
}
