/** Numbers as an operator reads them: few digits, fixed units, and a dash for "not known". */

export const UNKNOWN = '–'

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

const threeDigits = (value: number): string =>
  value.toFixed(value >= 100 || Number.isInteger(value) ? 0 : value >= 10 ? 1 : 2)

/** Powers of 1024 under PostgreSQL's names: 1 MB is 1,048,576 bytes. */
export const formatBytes = (bytes: number | null): string => {
  if (bytes === null) return UNKNOWN
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1024 && unit < BYTE_UNITS.length - 1) {
    value /= 1024
    unit += 1
  }
  return `${unit === 0 ? Math.round(value) : threeDigits(value)} ${BYTE_UNITS[unit] ?? ''}`
}

export const formatMs = (milliseconds: number | null): string => {
  if (milliseconds === null) return UNKNOWN
  if (milliseconds < 1000) return `${Math.round(milliseconds)} ms`
  if (milliseconds < 60_000) return `${(milliseconds / 1000).toFixed(1)} s`
  return formatAge(milliseconds)
}

/** A coarse age: `12 s`, `3 min`, `2 h`, `5 d`. */
export const formatAge = (milliseconds: number): string => {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} d`
}

export const formatCount = (count: number | null): string =>
  count === null ? UNKNOWN : count.toLocaleString('en-US')

export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${formatCount(count)} ${count === 1 ? one : many}`

/** The wall clock of this browser, 24 hours. */
export const formatClock = (at: Date): string =>
  at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' })
