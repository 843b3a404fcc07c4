/** The folder of the trial store. */
import type { z } from 'zod'
import { storeConfig } from '../config/store.ts'
import { containersOf } from '../topology/containers.ts'
import { PORTS } from '../topology/ports.ts'
import { STORE_DATA_DIR } from './compose.ts'
import { secretFile, TLS_PATHS, type RenderedFile, type Renderer } from './files.ts'
import { TRIAL_BUCKET } from './pgbackrest.ts'

export const renderStore: Renderer = (spec, { backup }) =>
  new Map<string, RenderedFile>(
    containersOf(spec, 'store').map(({ name }) => {
      const config = storeConfig.parse({
        replica: name,
        listen: { address: '0.0.0.0', port: PORTS.store },
        tls: { certificateFile: TLS_PATHS.certificate, keyFile: TLS_PATHS.key },
        dataDir: STORE_DATA_DIR,
        bucket: TRIAL_BUCKET,
        ...backup.trialStore,
      } satisfies z.input<typeof storeConfig>)
      return [`${name}/config.json`, secretFile(`${JSON.stringify(config, null, 2)}\n`)] as const
    }),
  )
