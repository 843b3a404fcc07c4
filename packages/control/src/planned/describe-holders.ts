/** Who kept a pooler from being quiet, in words: the pooler knows the client, the primary what it is doing. */
import type { OpenTransaction, PoolerHolder } from './ports.ts'

const MOST_NAMED = 3

export function describeHolders(
  holders: readonly PoolerHolder[],
  transactions: readonly OpenTransaction[],
): string {
  const rows = holders
    .map((holder) => ({ holder, doing: transactions.find(({ pid }) => pid === holder.pid) }))
    .sort((left, right) => (right.doing?.ageMs ?? 0) - (left.doing?.ageMs ?? 0))
  if (rows.length === 0) return ''
  const named = rows.slice(0, MOST_NAMED).map(({ holder, doing }) => {
    const who = `${holder.user}${holder.application === '' ? '' : ` (${holder.application})`} at ${holder.address} through ${holder.pooler}, database ${holder.database}, process ${holder.pid}`
    if (doing === undefined) return who
    return `${who}, ${doing.state}, open for ${(doing.ageMs / 1000).toFixed(1)} s: ${doing.query}`
  })
  const more = rows.length > MOST_NAMED ? `; and ${rows.length - MOST_NAMED} more` : ''
  return `; held up by ${named.join('; ')}${more}`
}
