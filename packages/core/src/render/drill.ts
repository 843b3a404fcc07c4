/** The folder of the resting runner of drills. */
import type { z } from 'zod'
import { drillConfig } from '../config/drill.ts'
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { containersOf } from '../topology/containers.ts'
import {
  CONFIG_DIR,
  plainFile,
  secretFile,
  TLS_PATHS,
  type RenderedFile,
  type Renderer,
} from './files.ts'
import { plannedConfigOf } from './planned.ts'
import { actingAccessOf } from './services.ts'

/** Whom a client must trust that comes to the front door. */
export const edgeCaOf = (spec: ClusterSpec, secrets: ClusterSecrets): string =>
  (spec.edge.tls === 'auto' ? secrets.ca : secrets.edgeCertificate).certificate

export const renderDrill: Renderer = (spec, secrets) => {
  const files = new Map<string, RenderedFile>()
  for (const { name } of containersOf(spec, 'drill')) {
    const { roles, apiKeys, consoleAdmin } = secrets
    const config = drillConfig.parse({
      cluster: spec.name,
      replica: name,
      tls: {
        caFile: TLS_PATHS.ca,
        certificateFile: TLS_PATHS.certificate,
        keyFile: TLS_PATHS.key,
      },
      edgeCaFile: `${CONFIG_DIR}/edge-ca.crt`,
      spec,
      secrets: {
        roles: { drill: { password: roles.drill.password } },
        apiKeys: { drill: apiKeys.drill },
        consoleAdmin,
      },
      ...actingAccessOf(spec, secrets),
      planned: plannedConfigOf(spec, secrets),
      controllers: containersOf(spec, 'controller').map(({ name: controller, address }) => ({
        name: controller,
        address,
      })),
    } satisfies z.input<typeof drillConfig>)
    files.set(`${name}/config.json`, secretFile(`${JSON.stringify(config, null, 2)}\n`))
    files.set(`${name}/edge-ca.crt`, plainFile(edgeCaOf(spec, secrets)))
  }
  return files
}
