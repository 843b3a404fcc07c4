/** A command's own way into etcd: the CLI's certificate opens the connection, a user's password holds the rights. */
import { join } from 'node:path'
import { ETCD_USERS } from '@neuronha/core/render/etcd-auth.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { loadTls } from '@neuronha/runtime/tls.ts'
import { createEtcdClient } from '../etcd/etcd-client.ts'
import { createKv, type PagedKv } from '../etcd/kv.ts'
import { createHttpClient } from '../observe/http-client.ts'
import type { OpenCluster } from './context.ts'

export interface OpenKv {
  readonly kv: PagedKv
  readonly close: () => Promise<void>
}

const TIMEOUT_MS = 1500

/** Where the certificate is that commands show. */
export const cliTlsFiles = ({ state }: Pick<OpenCluster, 'state'>) => {
  const at = (file: string): string => join(state.credentialsDir, file)
  return { caFile: at('ca.crt'), certificateFile: at('cli.crt'), keyFile: at('cli.key') }
}

/** Connects when it is first used. Needs the credentials' folder, which `up` writes before anything runs. */
export function openKv(
  cluster: OpenCluster,
  user: 'controller' | 'patroni' = ETCD_USERS.controller,
): OpenKv {
  const { spec, secrets } = cluster
  const http = createHttpClient(loadTls(cliTlsFiles(cluster)))
  const etcd = createEtcdClient({
    http,
    endpoints: addressesOf(spec, 'etcd').map((address) => `https://${address}:${PORTS.etcdClient}`),
    user,
    password: secrets.etcd[user],
    timeoutMs: TIMEOUT_MS,
  })
  return { kv: createKv(etcd), close: () => http.close() }
}
