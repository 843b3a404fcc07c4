/** Roles of the user's own databases: owners and readers, each named once. */
import type { ClusterSpec } from '../spec/cluster-spec.ts'

/** Every role that the cluster file's databases name, sorted. */
export const userRoleNames = (spec: ClusterSpec): readonly string[] =>
  [...new Set(spec.database.databases.flatMap(({ owner, readers }) => [owner, ...readers]))].sort()
