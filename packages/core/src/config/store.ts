/** The configuration of the trial store; apart from the others, because it shares little with a service. */
import { z } from 'zod'
import { processConfig, tlsConfig } from './common.ts'

export const storeConfig = z.strictObject({
  replica: z.string(),
  listen: z.strictObject({ address: z.string(), port: z.int() }),
  tls: tlsConfig.pick({ certificateFile: true, keyFile: true }),
  logLevel: processConfig.shape.logLevel,
  /** Everything lies below it. */
  dataDir: z.string(),
  /** The only bucket there is. */
  bucket: z.string(),
  accessKey: z.string(),
  secretKey: z.string(),
})
export type StoreConfig = z.infer<typeof storeConfig>
