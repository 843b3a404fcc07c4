/** The load as it runs, for whoever watches: one line a second. */
import type { LedgerProgress } from '@neuronha/core/config/loadgen.ts'
import type { Progress } from '../setup/progress.ts'
import type { RunningLoad } from './load-host.ts'

/** Shows the load until the returned function is called. */
export function showLoad(progress: Progress, load: RunningLoad): () => void {
  const step = progress.step('load')
  const timer = setInterval(() => {
    load.ledger.readNew().then(
      () => {
        const line = load.ledger.lines.findLast(({ event }) => event === 'progress')
        if (line?.event !== 'progress') return
        const sql = line.sql.attempted === 0 ? '' : ` · sql ${countsOf(line.sql)}`
        step.note(`${Math.round(line.atMs / 1000)} s · http ${countsOf(line.http)}${sql}`)
      },
      // The ledger is read again, and its defects reported, by the drill itself.
      () => undefined,
    )
  }, 1000)
  return () => {
    clearInterval(timer)
    step.done()
  }
}

const countsOf = (counts: LedgerProgress): string =>
  [
    `${counts.acknowledged} acknowledged`,
    `${counts.inFlight} in flight`,
    `${counts.failedTries} retried`,
    ...(counts.clientErrors === 0 ? [] : [`${counts.clientErrors} errors`]),
  ].join(', ')
