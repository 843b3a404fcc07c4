/** The folder of the runner of restore tests: whom it asks, and what its restored copy runs with. */
import type { z } from 'zod'
import { restoreTestConfig } from '../config/processes.ts'
import { containersOf } from '../topology/containers.ts'
import { secretFile, TLS_PATHS, type RenderedFile, type Renderer } from './files.ts'
import { renderRestoredPostgres } from './restored-postgres.ts'
import { actingAccessOf, repositoryPlaces } from './services.ts'

export const renderRestoreTest: Renderer = (spec, secrets) => {
  const files = new Map<string, RenderedFile>()
  for (const { name, resources } of containersOf(spec, 'restore-test')) {
    const config = restoreTestConfig.parse({
      cluster: spec.name,
      replica: name,
      tls: {
        caFile: TLS_PATHS.ca,
        certificateFile: TLS_PATHS.certificate,
        keyFile: TLS_PATHS.key,
      },
      etcd: actingAccessOf(spec, secrets).etcd,
      repositories: repositoryPlaces(spec),
    } satisfies z.input<typeof restoreTestConfig>)
    files.set(`${name}/config.json`, secretFile(`${JSON.stringify(config, null, 2)}\n`))
    const { memory } = resources
    const postgres = { memory, archiveCommand: null, becomes: null }
    for (const [path, file] of renderRestoredPostgres(name, postgres)) files.set(path, file)
  }
  return files
}
