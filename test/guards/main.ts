/**
 * `npm run guards`: takes every guard of the failover away in turn, runs the failover's unit tests, and prints which of
 * them fell. Ends with 1 when a guard can be taken away unnoticed. `npm run guards -- lease`: only those with this word.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { text } from 'node:stream/consumers'
import { GUARDS, type Guard } from './guards.ts'

interface Report {
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

/** The tests that fail without the guard; all of them when the code cannot even be loaded. */
async function fallenWithout(index: number): Promise<readonly string[]> {
  const tests = ['run', '--project', 'unit', 'packages/control/src/failover', '--reporter=json']
  const child = spawn('vitest', tests, {
    env: { ...process.env, NEURONHA_WITHOUT_GUARD: String(index) },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const [output] = await Promise.all([text(child.stdout), once(child, 'close')])
  const report = JSON.parse(output.slice(output.indexOf('{'))) as Report
  const results = report.testResults.flatMap(({ assertionResults }) => assertionResults)
  if (results.length === 0) throw new Error(`no test ran without guard ${index}`)
  return results.filter(({ status }) => status === 'failed').map(({ fullName }) => fullName.trim())
}

const shown = ({ section, without }: Guard, fallen: readonly string[]): string =>
  fallen.length === 0
    ? `MISSED  ${section} ${without}: no test falls`
    : `falls   ${section} ${without}: ${fallen[0] ?? ''}${fallen.length > 1 ? ` (and ${fallen.length - 1} more)` : ''}`

const [word = ''] = process.argv.slice(2)
const chosen = [...GUARDS.entries()].filter(([, guard]) => shown(guard, []).includes(word))
const queue = [...chosen]
let missed = 0
const worker = async (): Promise<void> => {
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [index, guard] = next
    const fallen = await fallenWithout(index)
    if (fallen.length === 0) missed += 1
    console.log(shown(guard, fallen))
  }
}
await Promise.all(Array.from({ length: availableParallelism() }, worker))
console.log(`${chosen.length - missed} of ${chosen.length} guards cannot be taken away unnoticed`)
process.exitCode = missed === 0 ? 0 : 1
