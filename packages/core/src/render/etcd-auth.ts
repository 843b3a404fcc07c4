/**
 * Who may do what in etcd, as plain data. Patroni and the controller speak to etcd's JSON gateway, which ignores the
 * name in a client's certificate; so a certificate opens the connection, and a user with a password holds the rights.
 */
import type { ClusterSecrets } from '../secrets.ts'
import type { ClusterSpec } from '../spec/cluster-spec.ts'

export const ETCD_USERS = { root: 'root', patroni: 'patroni', controller: 'controller' } as const

export interface EtcdPermission {
  readonly permType: 'READ' | 'READWRITE'
  /** All keys that begin with this. */
  readonly prefix: string
}

export interface EtcdUser {
  readonly name: string
  readonly password: string
  /** Each user has one role, of its own name. */
  readonly permissions: readonly EtcdPermission[]
}

/** etcd's users with their rights; `root` first, because nothing else may be enabled without it. */
export const etcdUsers = (spec: ClusterSpec, { etcd }: ClusterSecrets): readonly EtcdUser[] => {
  const patroniKeys = `/service/${spec.name}/`
  return [
    // etcd gives the role `root` every right by itself.
    { name: ETCD_USERS.root, password: etcd.root, permissions: [] },
    {
      name: ETCD_USERS.patroni,
      password: etcd.patroni,
      permissions: [{ permType: 'READWRITE', prefix: patroniKeys }],
    },
    {
      name: ETCD_USERS.controller,
      password: etcd.controller,
      permissions: [
        { permType: 'READWRITE', prefix: `/neuronha/${spec.name}/` },
        { permType: 'READ', prefix: patroniKeys },
        // What taking a dead member's leadership away touches, and a switchover's own request, taken back once Patroni
        // has begun to carry it out; nothing else of Patroni's.
        { permType: 'READWRITE', prefix: `${patroniKeys}leader` },
        { permType: 'READWRITE', prefix: `${patroniKeys}failover` },
        { permType: 'READWRITE', prefix: `${patroniKeys}members/` },
      ],
    },
  ]
}

/** The end of the range of all keys with a prefix, as etcd counts: its last byte plus one. */
export const prefixEnd = (prefix: string): string =>
  prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
