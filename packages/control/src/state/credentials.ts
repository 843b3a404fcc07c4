/** What people need to use a cluster, as files that only root reads: `credentials/` of its state folder. */
import { join } from 'node:path'
import type { ClusterSecrets } from '@neuronha/core/secrets.ts'
import { assertPresent } from '@neuronha/core/assert-present.ts'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { addressesOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { readOnlyTwin } from '@neuronha/core/topology/roles.ts'
import { userRoleNames } from '@neuronha/core/topology/user-roles.ts'
import { readTextIfThere, writeAtomically, type StateFolder } from './state-folder.ts'

/** Where to connect to one of the user's own databases, and as whom. */
export interface UserConnection {
  readonly database: string
  readonly role: string
  /** libpq keyword/value string; the password is in the file that it names. */
  readonly connectionString: string
}

/** Connection strings for the user's own databases: the owner to the primary, readers to standbys. */
export function userConnections(spec: ClusterSpec, state: StateFolder): readonly UserConnection[] {
  const at = (file: string): string => join(state.credentialsDir, file)
  const { hosts, ports } = poolerEndpoints(spec)
  const connect = (database: string, role: string): UserConnection => ({
    database,
    role,
    connectionString: [
      `host=${hosts.join(',')}`,
      `port=${ports.join(',')}`,
      `dbname=${database}`,
      `user=${role}`,
      `passfile=${at('pgpass')}`,
      'sslmode=verify-full',
      `sslrootcert=${at('ca.crt')}`,
      `sslcert=${at(`user-${role}.crt`)}`,
      `sslkey=${at(`user-${role}.key`)}`,
    ].join(' '),
  })
  return spec.database.databases.flatMap(({ name, owner, readers }) => [
    connect(name, owner),
    ...readers.map((reader) => connect(readOnlyTwin(name), reader)),
  ])
}

/** The poolers' published ports where there are any, else their addresses in the cluster's network. */
function poolerEndpoints(spec: ClusterSpec) {
  const addresses = addressesOf(spec, 'pooler')
  const { publishPort } = spec.database.pooler
  return publishPort === null
    ? { hosts: addresses, ports: addresses.map(() => PORTS.pooler) }
    : {
        hosts: addresses.map(() => spec.edge.bindAddress),
        ports: addresses.map((_, index) => publishPort + index),
      }
}

/** Writes what differs. Returns how many files changed. */
export async function writeCredentials(
  spec: ClusterSpec,
  secrets: ClusterSecrets,
  state: StateFolder,
): Promise<number> {
  const pair = (name: string) =>
    assertPresent(secrets.certificates[name], `the certificate ${name}`)
  const files: Record<string, string> = {
    'ca.crt': secrets.ca.certificate,
    'api-key': `${secrets.apiKeys.admin}\n`,
    'console-admin': `email:    ${secrets.consoleAdmin.email}\npassword: ${secrets.consoleAdmin.password}\n`,
    'cli.crt': pair('cli').certificate,
    'cli.key': pair('cli').key,
    ...(spec.backup.repositories.length === 0
      ? {}
      : { 'backup-key': `${secrets.backup.cipherPass}\n` }),
    pgpass: userRoleNames(spec)
      .map((role) => `*:*:*:${role}:${assertPresent(secrets.userRoles[role], role).password}\n`)
      .join(''),
    'connections.txt': userConnections(spec, state)
      .map(
        ({ database, role, connectionString }) => `# ${database} as ${role}\n${connectionString}\n`,
      )
      .join('\n'),
  }
  for (const role of userRoleNames(spec)) {
    files[`user-${role}.crt`] = pair(`user-${role}`).certificate
    files[`user-${role}.key`] = pair(`user-${role}`).key
  }
  let changed = 0
  for (const [name, text] of Object.entries(files)) {
    const path = join(state.credentialsDir, name)
    if ((await readTextIfThere(path)) === text) continue
    await writeAtomically(path, text, name.endsWith('.crt') ? 0o644 : 0o600)
    changed++
  }
  return changed
}
