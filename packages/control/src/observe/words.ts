/** Numbers and lists as people read them; shared by reasons and by the printer of `status`. */

export const count = (n: number, one: string, many = `${one}s`): string =>
  `${n} ${n === 1 ? one : many}`

/** `a`, `a and b`, `a, b and c`. */
export const list = (words: readonly string[]): string =>
  words.length < 2 ? (words[0] ?? '') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`

const UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const

/** 0 B, 812 B, 1.4 kB, 16 MB: two digits that matter, PostgreSQL's units (1 kB = 1024 B). */
export function bytes(value: number): string {
  let [amount, unit] = [value, 0]
  while (amount >= 1024 && unit < UNITS.length - 1) [amount, unit] = [amount / 1024, unit + 1]
  const digits = unit > 0 && amount < 10 ? 1 : 0
  return `${amount.toFixed(digits)} ${UNITS[unit] ?? 'B'}`
}

/** 4 ms, 1.2 s, 40 s, 3 min, 2 h, 3 days. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`
  if (ms < 10_000) return `${(ms / 1000).toFixed(1)} s`
  if (ms < 120_000) return `${Math.round(ms / 1000)} s`
  if (ms < 7_200_000) return `${Math.round(ms / 60_000)} min`
  if (ms < 172_800_000) return `${Math.round(ms / 3_600_000)} h`
  return `${Math.round(ms / 86_400_000)} days`
}
