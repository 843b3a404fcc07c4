/**
 * Which certificates a cluster has, and what each is good for. All are signed by the cluster's CA, ECDSA,
 * for both server and client authentication; the files that `up` writes them to are rendered by render/tls.
 *
 * | name                | unit (OU)       | names and addresses beside `localhost` and 127.0.0.1             |
 * |---------------------|-----------------|------------------------------------------------------------------|
 * | any container       | its own name    | own name, component (`member`, `etcd` …), own address            |
 * | `<c>-member-n`      | its own name    | also all routers: a pooler that verifies who answers asks for the router and meets the member behind it |
 * | `<c>-edge-n`        | its own name    | also the edge's hostnames                                        |
 * | `cli`, `loadgen-1`  | the same        | `loadgen-1` its address; `cli` none                              |
 * | `user-<role>`       | the role        | none: a client certificate for one of the user's own roles       |
 * | `pgbackrest`        | the same        | none: what the runner of backups shows to pgBackRest's servers at the members; with repositories only |
 *
 * The subject carries a unit and no common name (but `pgbackrest`, since its servers read nothing else): once authentication is on, etcd's JSON gateway refuses every client
 * whose certificate has a common name, since it could not be honoured there. Names are checked by the alternative
 * names alone, as TLS has it.
 */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { addressOf, allContainers, containersOf, type Container } from './containers.ts'
import { userRoleNames } from './user-roles.ts'

export interface CertificateRequest {
  /** Key of ClusterSecrets.certificates. */
  readonly name: string
  /** The subject's organizational unit. */
  readonly unit: string
  /** Beside it, where a server asks for one. */
  readonly commonName?: string
  readonly dnsNames: readonly string[]
  readonly addresses: readonly string[]
}

/** Certificate and common name of the one client that pgBackRest's servers take. */
export const PGBACKREST_CLIENT = 'pgbackrest'

const LOOPBACK = { name: 'localhost', address: '127.0.0.1' } as const

const unique = (values: readonly string[]): readonly string[] => [...new Set(values)]

const containerRequest = (spec: ClusterSpec, container: Container): CertificateRequest => {
  const routers = container.component === 'member' ? containersOf(spec, 'router') : []
  const hostnames = container.component === 'edge' ? spec.edge.hostnames : []
  return {
    name: container.name,
    unit: container.name,
    dnsNames: unique([
      container.name,
      container.component,
      LOOPBACK.name,
      ...routers.flatMap(({ name, component }) => [name, component]),
      ...hostnames,
    ]),
    addresses: unique([
      container.address,
      LOOPBACK.address,
      ...routers.map(({ address }) => address),
    ]),
  }
}

const clientRequest = (
  name: string,
  unit: string,
  addresses: readonly string[],
): CertificateRequest => ({ name, unit, dnsNames: [unit], addresses })

/** Every certificate that `up` must have before it renders. */
export const certificateRequests = (spec: ClusterSpec): readonly CertificateRequest[] => [
  ...allContainers(spec).map((container) => containerRequest(spec, container)),
  clientRequest('cli', 'cli', []),
  clientRequest('loadgen-1', 'loadgen-1', [addressOf(spec, 'loadgen', 1)]),
  ...userRoleNames(spec).map((role) => clientRequest(`user-${role}`, role, [])),
  ...(spec.backup.repositories.length === 0
    ? []
    : [
        {
          ...clientRequest(PGBACKREST_CLIENT, PGBACKREST_CLIENT, []),
          commonName: PGBACKREST_CLIENT,
        },
      ]),
]
