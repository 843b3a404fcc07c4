/** Each container's certificates, under tls/ of its own folder. */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { allContainers } from '../topology/containers.ts'
import { assertPresent } from '../assert-present.ts'
import {
  plainFile,
  reloadable,
  secretFile,
  type RenderedFile,
  type RenderedFiles,
} from './files.ts'

/** The files of one certificate: CA, certificate, key, and both in one for HAProxy. */
export const tlsFiles = (folder: string, name: string, secrets: ClusterSecrets): RenderedFiles => {
  const pair = assertPresent(secrets.certificates[name], `a certificate for ${name}`)
  return new Map<string, RenderedFile>([
    [`${folder}/tls/ca.crt`, plainFile(secrets.ca.certificate)],
    [`${folder}/tls/tls.crt`, plainFile(pair.certificate)],
    [`${folder}/tls/tls.key`, secretFile(pair.key)],
    [`${folder}/tls/tls.pem`, secretFile(pair.certificate + pair.key)],
  ])
}

/** Certificates of all containers; the edge also gets its public one as tls/public.{crt,key,pem}. */
export function renderTls(spec: ClusterSpec, secrets: ClusterSecrets): RenderedFiles {
  const files = new Map<string, RenderedFile>()
  for (const container of allContainers(spec)) {
    for (const [path, file] of tlsFiles(container.name, container.name, secrets))
      files.set(path, file)
    if (container.component !== 'edge') continue
    const { certificate, key } = secrets.edgeCertificate
    files.set(`${container.name}/tls/public.crt`, reloadable(plainFile(certificate)))
    files.set(`${container.name}/tls/public.key`, reloadable(secretFile(key)))
    files.set(`${container.name}/tls/public.pem`, reloadable(secretFile(certificate + key)))
  }
  return files
}
