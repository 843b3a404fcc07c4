/**
 * Who may connect to a member: pg_hba.conf and pg_ident.conf. TLS with a certificate of the cluster's CA *and* a
 * SCRAM password, from the addresses that have business there; whatever is not listed is refused. The superuser
 * exists only behind the local socket.
 */
import type { ClusterSpec } from '../spec/cluster-spec.ts'
import { actingContainers, addressesOf } from '../topology/containers.ts'
import { gatewayAddressOf, hostRange } from '../topology/network.ts'
import { PLATFORM_DATABASE, ROLE_KEYS, ROLES, type PlatformRole } from '../topology/roles.ts'
import { userRoleNames } from '../topology/user-roles.ts'

/** The operating system's user in a member's container, as pg_ident sees it. */
const CONTAINER_USER = 'neuronha'
const IDENT_MAP = 'neuronha'
const MAINTENANCE_DATABASE = 'postgres'

/** One field. Quoted, a name loses the meaning that `all` or `replication` would have. */
export const quoteHba = (name: string): string => `"${name.replaceAll('"', '""')}"`

interface Access {
  readonly database: string
  readonly role: string
  readonly addresses: readonly string[]
}

const remoteLines = ({ database, role, addresses }: Access): readonly string[] =>
  addresses.map(
    (address) =>
      `hostssl ${database} ${quoteHba(role)} ${hostRange(address)} scram-sha-256 clientcert=verify-ca`,
  )

/** Roles that arrive through the routers: those that use a pooler, and the owner with its migrations. */
const isRoutedRole = (role: PlatformRole): boolean =>
  role.name === ROLES.owner.name ||
  role.poolerDatabases.some((database) => database.startsWith(PLATFORM_DATABASE))

const routedAccess = (spec: ClusterSpec): readonly Access[] => {
  const addresses = addressesOf(spec, 'router')
  const platform = ROLE_KEYS.map((key): PlatformRole => ROLES[key])
    .filter(isRoutedRole)
    .map(({ name }) => ({ database: quoteHba(PLATFORM_DATABASE), role: name, addresses }))
  const own = userRoleNames(spec).flatMap((role) =>
    spec.database.databases
      .filter(({ owner, readers }) => owner === role || readers.includes(role))
      .map(({ name }) => ({ database: quoteHba(name), role, addresses })),
  )
  return [...platform, ...own]
}

export const renderPgHba = (spec: ClusterSpec): readonly string[] => {
  const members = addressesOf(spec, 'member')
  const observers = [
    gatewayAddressOf(spec),
    ...actingContainers(spec).map(({ address }) => address),
  ]
  const { superuser, replicator, rewind, controller, probe } = ROLES
  return [
    `local all ${quoteHba(superuser.name)} peer map=${IDENT_MAP}`,
    `local replication ${quoteHba(replicator.name)} scram-sha-256`,
    ...[
      { database: 'replication', role: replicator.name, addresses: members },
      { database: quoteHba(MAINTENANCE_DATABASE), role: rewind.name, addresses: members },
      { database: quoteHba(PLATFORM_DATABASE), role: controller.name, addresses: observers },
      {
        database: quoteHba(PLATFORM_DATABASE),
        role: probe.name,
        addresses: addressesOf(spec, 'controller'),
      },
      ...routedAccess(spec),
    ].flatMap(remoteLines),
  ]
}

export const renderPgIdent = (): readonly string[] => [
  `${IDENT_MAP} ${CONTAINER_USER} ${quoteHba(ROLES.superuser.name)}`,
]
