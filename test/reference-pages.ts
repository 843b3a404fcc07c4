/** The generated pages: where each lies, and what it should hold. `npm run docs` writes them. */
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { runbookIndex } from '../packages/core/src/alerts/runbook-index.ts'
import { cliReference } from '../packages/control/src/cli/reference-page.ts'
import { errorsReference } from '../packages/core/src/errors-page.ts'
import { predictedRtoReference } from '../packages/core/src/predict/reference-page.ts'
import { clusterFileJsonSchema } from '../packages/core/src/spec/json-schema.ts'
import { clusterFileReference } from '../packages/core/src/spec/reference-page.ts'

export const REPOSITORY = join(import.meta.dirname, '..')

export const REFERENCE_PAGES: Readonly<Record<string, () => string>> = {
  'docs/reference/cluster-file.md': clusterFileReference,
  'docs/reference/cluster-file.schema.json': () =>
    `${JSON.stringify(clusterFileJsonSchema(), null, 2)}\n`,
  'docs/runbooks/README.md': runbookIndex,
  'docs/reference/predicted-rto.md': predictedRtoReference,
  'docs/reference/errors.md': errorsReference,
  'docs/reference/cli.md': cliReference,
}

if (import.meta.main) {
  for (const [path, render] of Object.entries(REFERENCE_PAGES)) {
    const target = join(REPOSITORY, path)
    await mkdir(dirname(target), { recursive: true })
    await writeFile(target, render())
  }
}
