import { describe, expect, it } from 'vitest'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { renderDatabaseSetup } from './database-setup.ts'
import { renderEngineProxy } from './engine-proxy.ts'
import { renderEtcd } from './etcd.ts'
import { plainFile, type RenderedFiles } from './files.ts'
import { renderHaproxyRouter } from './haproxy-router.ts'
import { renderPatroni } from './patroni.ts'
import { renderPgbackrest } from './pgbackrest.ts'
import { renderPgbouncer } from './pgbouncer.ts'
import { fakeSecrets, GOLDEN_CASES, GOLDEN_SPECS, goldenPath } from './testing.ts'

const CREDENTIALS = [
  {
    accessKey: 'fake-access-key',
    secretKey: 'fake-secret-key',
    cipherPass: 'fake-cipher-pass',
    caCertificate:
      '-----BEGIN CERTIFICATE-----\nfake certificate of the store\n-----END CERTIFICATE-----\n',
  },
]

const databaseSetupFiles = (spec: ClusterSpec, secrets: ClusterSecrets): RenderedFiles =>
  new Map(
    renderDatabaseSetup(spec, secrets).map(({ database, sql }, index) => [
      `database-setup/${index + 1}-${database}.sql`,
      plainFile(sql),
    ]),
  )

const RENDERERS = {
  renderPatroni,
  renderEtcd,
  renderHaproxyRouter,
  renderPgbouncer,
  renderEngineProxy,
  renderPgbackrest: (spec: ClusterSpec, secrets: ClusterSecrets) =>
    renderPgbackrest(spec, secrets, CREDENTIALS),
  databaseSetupFiles,
}

/** Files of later replicas differ from the first's in their own name and address only. */
const isWorthKeeping = (path: string): boolean =>
  !/-(member|etcd|router|engine-proxy)-([3-9]|2)\//.test(path)

describe.each(Object.entries(RENDERERS))('%s', (_name, render) => {
  it.each(GOLDEN_CASES)('renders the cluster %s as its goldens say', async (goldenCase) => {
    const spec = GOLDEN_SPECS[goldenCase]
    const files = [...render(spec, fakeSecrets(spec))].filter(([path]) => isWorthKeeping(path))
    for (const [path, { text }] of files) {
      await expect(text).toMatchFileSnapshot(goldenPath(goldenCase, path))
    }
  })

  it('gives the same bytes for the same input, LF only, ending with a newline', () => {
    const spec = GOLDEN_SPECS.full
    const [first, second] = [render(spec, fakeSecrets(spec)), render(spec, fakeSecrets(spec))]
    expect([...first]).toEqual([...second])
    for (const { text } of first.values()) expect(text).toMatch(/^[^\r]*\n$/)
  })

  it('marks whatever holds a password or a key, and the poolers’ lists of users, as secret, readable by its owner alone', () => {
    const spec = GOLDEN_SPECS.full
    for (const [path, { text, secret, mode }] of render(spec, fakeSecrets(spec))) {
      const isUserlist = path.endsWith('/userlist.txt')
      const holdsSecret = isUserlist || /fake-(password|access|secret|cipher)|fake key/.test(text)
      expect(secret).toBe(holdsSecret)
      expect(mode).toBe(holdsSecret ? 0o400 : 0o444)
    }
  })
})
