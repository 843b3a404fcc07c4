/** The configuration of the runner of drills; apart from the others, which need no schema of the cluster file. */
import { z } from 'zod'
import { clusterSpecSchema } from '../spec/cluster-spec.ts'
import { processConfig, tlsConfig } from './common.ts'
import { engineAccess, etcdAccess, namedPart, plannedConfig } from './processes.ts'

/** The runner of the drills that controllers start. */
export const drillConfig = z.strictObject({
  cluster: z.string(),
  replica: z.string(),
  tls: tlsConfig,
  logLevel: processConfig.shape.logLevel,
  edgeCaFile: z.string(),
  spec: clusterSpecSchema,
  secrets: z.strictObject({
    roles: z.strictObject({ drill: z.strictObject({ password: z.string() }) }),
    apiKeys: z.strictObject({ drill: z.string() }),
    consoleAdmin: z.strictObject({ email: z.string(), password: z.string() }),
  }),
  etcd: etcdAccess,
  engine: engineAccess,
  planned: plannedConfig,
  controllers: z.array(namedPart).min(1),
})
export type DrillConfig = z.infer<typeof drillConfig>
