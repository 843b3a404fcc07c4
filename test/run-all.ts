/** Runs the lanes one after the other and closes with the plain line that counts: `N passed, N failed`. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

interface Outcome {
  readonly passed: number
  readonly failed: number
}

interface VitestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly success: boolean
}

const folder = mkdtempSync(join(tmpdir(), 'neuronha-test-'))

function runCheck(): Outcome {
  console.log('\n== check: types, lint, format')
  const { status } = spawnSync('bash', ['test/run', 'check'], { stdio: 'inherit' })
  return status === 0 ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 }
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
  if (report === undefined) return { passed: 0, failed: 1 }
  const failed = report.numFailedTests + (status !== 0 && report.numFailedTests === 0 ? 1 : 0)
  return { passed: report.numPassedTests, failed }
}

function readReport(path: string): VitestReport | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as VitestReport
  } catch {
    return undefined
  }
}

const outcomes = [runCheck(), runLane('unit'), runLane('stack')]
const total = outcomes.reduce((sum, { passed, failed }) => ({
  passed: sum.passed + passed,
  failed: sum.failed + failed,
}))
console.log(`\n${total.passed} passed, ${total.failed} failed`)
process.exitCode = total.failed === 0 ? 0 : 1
