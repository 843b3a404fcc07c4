/** The process's own certificate, used as server and as client, and the CA that signed everyone's. */
import { readFileSync } from 'node:fs'
import {
  checkServerIdentity,
  createSecureContext,
  type PeerCertificate,
  type SecureContext,
} from 'node:tls'
import type { TlsConfig } from '@neuronha/core/config/common.ts'
import { PlatformError } from '@neuronha/core/errors.ts'

export interface TlsFiles {
  readonly ca: string
  readonly cert: string
  readonly key: string
}

const read = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    throw new PlatformError('CONFIG_INVALID', `The certificate file ${path} cannot be read`, {
      cause,
    })
  }
}

/** Reads the three PEM files. */
export const loadTls = (config: TlsConfig): TlsFiles => ({
  ca: read(config.caFile),
  cert: read(config.certificateFile),
  key: read(config.keyFile),
})

export interface ClientTls extends TlsFiles {
  readonly rejectUnauthorized: true
  readonly checkServerIdentity: (host: string, certificate: PeerCertificate) => Error | undefined
}

/** Options of a client that shows its certificate and insists that the server is `expectedName`. */
export const clientTls = (files: TlsFiles, expectedName: string): ClientTls => ({
  ...files,
  rejectUnauthorized: true,
  checkServerIdentity: (_host, certificate) => checkServerIdentity(expectedName, certificate),
})

const secureContexts = new WeakMap<TlsFiles, SecureContext>()

/**
 * The parsed form of the files, made once: Node would parse them again for each connection, which costs
 * a millisecond and a hundred kilobytes just when a failover opens hundreds of connections.
 */
export const secureContextOf = (files: TlsFiles): SecureContext => {
  const known = secureContexts.get(files)
  if (known !== undefined) return known
  const made = createSecureContext({ ca: files.ca, cert: files.cert, key: files.key })
  secureContexts.set(files, made)
  return made
}
