/** Runs the lanes one after the other and closes with the plain line that counts: `N passed, N failed`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'

interface Outcome {
  readonly passed: number
  readonly failed: number
  /** A line each, in the order in which they failed: the first is often the cause of the others. */
  readonly failures: readonly string[]
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly startTime: number
    readonly message?: string
    readonly assertionResults: readonly {
      readonly fullName: string
      readonly status: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const folder = mkdtempSync(join(tmpdir(), 'neuronha-test-'))

function runCheck(): Outcome {
  console.log('\n== check: types, lint, format')
  const { status } = spawnSync('bash', ['test/run', 'check'], { stdio: 'inherit' })
  return status === 0
    ? { passed: 1, failed: 0, failures: [] }
    : { passed: 0, failed: 1, failures: ['check'] }
}

function runLane(project: string): Outcome {
  console.log(`\n== ${project}`)
  const reportFile = join(folder, `${project}.json`)
  const { status } = spawnSync(
    'vitest',
    [
      'run',
      '--project',
      project,
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${reportFile}`,
    ],
    { stdio: 'inherit' },
  )
  const report = readReport(reportFile)
  if (report === undefined) return { passed: 0, failed: 1, failures: [`${project}: did not end`] }
  const failed = report.numFailedTests + (status !== 0 && report.numFailedTests === 0 ? 1 : 0)
  return { passed: report.numPassedTests, failed, failures: failuresOf(report) }
}

function failuresOf({ testResults }: VitestReport): readonly string[] {
  return [...testResults]
    .sort((a, b) => a.startTime - b.startTime)
    .flatMap(({ name, message = '', assertionResults }) => {
      const file = relative(process.cwd(), name)
      const failed = assertionResults.filter(({ status }) => status === 'failed')
      const lines = failed.map(
        ({ fullName, failureMessages }) =>
          `${file}: ${fullName.trim()}: ${firstLine(failureMessages[0] ?? '')}`,
      )
      return failed.length > 0 || message === '' ? lines : [`${file}: ${firstLine(message)}`]
    })
}

const firstLine = (text: string): string => text.split('\n', 1)[0] ?? ''

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VitestReport
  } catch {
    return undefined
  }
}

const outcomes = [runCheck(), runLane('unit'), runLane('stack')]
const total = outcomes.reduce((sum, { passed, failed, failures }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
  failures: [...sum.failures, ...failures],
}))
if (total.failures.length > 0)
  console.log(`\nFailed, the first first:\n${total.failures.join('\n')}`)
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
