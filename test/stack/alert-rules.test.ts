/** Prometheus's own tests of the alerts (test/alerts), over the rules as they are rendered. */
import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { run } from '@neuronha/runtime/exec.ts'
import { describe, expect, it } from 'vitest'
import { alertGroups } from '@neuronha/core/alerts/alert-groups.ts'
import { clusterSpecSchema } from '@neuronha/core/spec/cluster-spec.ts'
import { checkersImage } from './checkers-image.ts'
import { REPOSITORY } from './neuronha.ts'

const FILES = readdirSync(join(REPOSITORY, 'test', 'alerts'))
/** The rules are the renderer's goldens, so that the test files can be run by hand too. */
const GOLDENS = 'packages/core/src/render/golden'

describe('promtool test rules', () => {
  it.each(FILES)('%s', { timeout: 300_000 }, async (file) => {
    const { code, stdout, stderr } = await run('docker', [
      'run',
      '--rm',
      '--network=none',
      '--tmpfs=/tmp:mode=1777',
      `--volume=${join(REPOSITORY, 'test/alerts')}:/repository/test/alerts:ro`,
      `--volume=${join(REPOSITORY, GOLDENS)}:/repository/${GOLDENS}:ro`,
      '--workdir=/tmp',
      '--entrypoint=promtool',
      await checkersImage(),
      'test',
      'rules',
      `/repository/test/alerts/${file}`,
    ])
    expect(code, stdout + stderr).toBe(0)
  })

  it('has a file for each group', () => {
    const groups = alertGroups(clusterSpecSchema.parse({})).map(({ name }) => `${name}.test.yml`)
    expect(FILES).toEqual(expect.arrayContaining(groups))
  })
})
