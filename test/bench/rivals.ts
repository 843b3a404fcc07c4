/** Runs two rivals in turn, A B A B …, so that a drifting machine hurts both alike. */

export interface Comparison {
  readonly title: string
  readonly unit: string
  /** Ours and the plain one, as measured in each round. */
  readonly ours: readonly number[]
  readonly plain: readonly number[]
  /** Median of the rounds' ratios ours / plain. */
  readonly ratio: number
}

export interface Rivals {
  readonly title: string
  readonly unit: string
  readonly rounds: number
  readonly ours: () => Promise<number>
  readonly plain: () => Promise<number>
}

const median = (values: readonly number[]): number => {
  const sorted = [...values].sort((left, right) => left - right)
  const middle = Math.floor(sorted.length / 2)
  const upper = sorted[middle] ?? Number.NaN
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] ?? upper) + upper) / 2
}

export async function compare(rivals: Rivals): Promise<Comparison> {
  const ours: number[] = []
  const plain: number[] = []
  for (let round = 1; round <= rivals.rounds; round++) {
    process.stderr.write(`  ${rivals.title}: round ${round} of ${rivals.rounds}\n`)
    ours.push(await rivals.ours())
    plain.push(await rivals.plain())
  }
  const ratios = ours.map((value, index) => value / (plain[index] ?? Number.NaN))
  return { title: rivals.title, unit: rivals.unit, ours, plain, ratio: median(ratios) }
}

/** One line per comparison: medians of both, and the ratio. */
export const formatComparison = ({ title, unit, ours, plain, ratio }: Comparison): string =>
  `${title.padEnd(64)} ${median(ours).toFixed(0).padStart(7)} ${median(plain).toFixed(0).padStart(7)} ${unit.padEnd(10)} ${ratio.toFixed(2)}`
