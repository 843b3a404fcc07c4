/** The cluster file of a copy beside the original. Pure. */
import { parseDocument, type Document } from 'yaml'
import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'

export interface CopyPlaces {
  readonly name: string
  /** A /24 that nobody has. */
  readonly subnet: string
  /** What is added to each port that the original publishes. */
  readonly portOffset: number
}

/**
 * As the original's, comments and all, with a name, a network and ports of its own. A copy tells nobody when something is wrong,
 * rehearses nothing, and has no repository yet: with the original's it would only cost, and it is no production until somebody
 * says so.
 */
export function copyClusterFile(text: string, spec: ClusterSpec, places: CopyPlaces): string {
  return documentOfCopy(text, spec, places).toString()
}

/**
 * The same with one of everything: for a look at the data, not for users. The original's own certificate, and what its
 * notifications would go to, are of files that may not be found from where the copy's is.
 */
export function smallestCopyFile(text: string, spec: ClusterSpec, places: CopyPlaces): string {
  const document = documentOfCopy(text, spec, places)
  for (const path of SINGLE) document.setIn(path.split('.'), 1)
  document.setIn(['database', 'syncStandbys'], 0)
  document.setIn(['protection'], 'available')
  document.deleteIn(['edge', 'tls'])
  document.deleteIn(['llm'])
  return document.toString()
}

/** What a cluster can be without more than one of it. */
const SINGLE = [
  'edge.replicas',
  'services.agent.replicas',
  'services.desktopApi.replicas',
  'services.console.replicas',
  'services.mcp.replicas',
  'database.members',
  'database.pooler.replicas',
  'database.router.replicas',
  'etcd.members',
  'controller.replicas',
]

function documentOfCopy(
  text: string,
  spec: ClusterSpec,
  { name, subnet, portOffset }: CopyPlaces,
): Document {
  const document = parseDocument(text)
  const { publishPort } = spec.database.pooler
  document.setIn(['name'], name)
  document.setIn(['network', 'subnet'], subnet)
  document.setIn(['edge', 'httpPort'], spec.edge.httpPort + portOffset)
  document.setIn(['edge', 'httpsPort'], spec.edge.httpsPort + portOffset)
  if (publishPort !== null)
    document.setIn(['database', 'pooler', 'publishPort'], publishPort + portOffset)
  document.setIn(['backup', 'repositories'], [])
  document.setIn(['drills', 'schedule'], 'never')
  document.deleteIn(['notifications'])
  document.deleteIn(['production'])
  document.commentBefore = ` A copy of ${spec.name}, restored from its backups. It backs nothing up and tells nobody: give it
 repositories and notifications before anybody relies on it.`
  return document
}
