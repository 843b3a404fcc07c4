/** Where people reach a cluster, and where their credentials are. */
import { join } from 'node:path'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { userConnections, type UserConnection } from '../state/credentials.ts'
import type { StateFolder } from '../state/state-folder.ts'

export interface Access {
  readonly urls: {
    readonly console: string
    readonly agent: string
    readonly desktopApi: string
    readonly mcp: string
  }
  readonly credentials: {
    readonly folder: string
    readonly ca: string
    readonly apiKey: string
    readonly consoleAdmin: string
    /** What every backup is encrypted with; absent without a repository. */
    readonly backupKey?: string
  }
  readonly connections: readonly UserConnection[]
}

export function describeAccess(spec: ClusterSpec, state: StateFolder): Access {
  const origin = `https://${spec.edge.hostnames[0] ?? 'localhost'}:${spec.edge.httpsPort}`
  const at = (file: string): string => join(state.credentialsDir, file)
  return {
    urls: {
      console: `${origin}/`,
      agent: `${origin}/agent/api/v1`,
      desktopApi: `${origin}/api/v1`,
      mcp: `${origin}/mcp`,
    },
    credentials: {
      folder: state.credentialsDir,
      ca: at('ca.crt'),
      apiKey: at('api-key'),
      consoleAdmin: at('console-admin'),
      ...(spec.backup.repositories.length === 0 ? {} : { backupKey: at('backup-key') }),
    },
    connections: userConnections(spec, state),
  }
}

/** What `up` ends with. */
export function formatAccess(
  spec: ClusterSpec,
  { urls, credentials, connections }: Access,
  { seconds, changed }: { seconds: number; changed: number },
): string {
  const what = changed === 0 ? 'was up already; nothing changed' : 'is up'
  return [
    `Cluster ${spec.name} ${what}: every part is healthy (${seconds} s).`,
    '',
    `  console   ${urls.console}   sign-in: ${credentials.consoleAdmin}`,
    `  agent     ${urls.agent}   key: ${credentials.apiKey}`,
    `  MCP       ${urls.mcp}`,
    `  CA        ${credentials.ca}`,
    ...(credentials.backupKey === undefined
      ? []
      : [
          `  backups   encrypted with ${credentials.backupKey}: keep a copy of it away from this machine (./neuronha backup key), without it no backup can be read`,
        ]),
    ...connections.map(
      ({ database, role, connectionString }) =>
        `  database  ${database} as ${role}: ${connectionString}`,
    ),
    '',
    '  ./neuronha status --watch            the cluster, live',
    '  ./neuronha drill run primary-crash   kill the primary under load, and see what it costs',
  ].join('\n')
}
