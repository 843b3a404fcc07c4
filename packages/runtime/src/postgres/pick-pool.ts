/** Which pooler serves the next transaction: trusted ones first, then the least busy. */
export interface Candidate {
  readonly isUsable: boolean
  readonly isTrusted: boolean
  readonly slots: { readonly held: number; readonly waiting: number }
}

const load = ({ slots }: Candidate): number => slots.held + slots.waiting

/** The best of the pools, or undefined when none may be used. Ties go to a random one, so that replicas spread. */
export const pickPool = <T extends Candidate>(
  pools: readonly T[],
  random: () => number = Math.random,
): T | undefined => {
  const usable = pools.filter((pool) => pool.isUsable)
  const trusted = usable.filter((pool) => pool.isTrusted)
  const candidates = trusted.length > 0 ? trusted : usable
  const least = Math.min(...candidates.map(load))
  const best = candidates.filter((pool) => load(pool) === least)
  return best[Math.floor(random() * best.length)]
}
