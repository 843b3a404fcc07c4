/** A WAL position such as `1/A2000060` as a number of bytes; null when the text is none. */
function lsnBytes(lsn: string): bigint | null {
  const parts = /^([0-9A-F]{1,8})\/([0-9A-F]{1,8})$/i.exec(lsn)
  if (parts?.[1] === undefined || parts[2] === undefined) return null
  return (BigInt(`0x${parts[1]}`) << 32n) + BigInt(`0x${parts[2]}`)
}

/** Bytes that `behind` still misses of `ahead`: never negative, null when either is no WAL position. */
export function lagBytes(ahead: string, behind: string): number | null {
  const [to, from] = [lsnBytes(ahead), lsnBytes(behind)]
  if (to === null || from === null) return null
  return to > from ? Number(to - from) : 0
}
