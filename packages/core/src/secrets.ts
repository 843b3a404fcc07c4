/**
 * What a cluster knows that nobody else may: generated once at `up`, kept in the cluster's state folder,
 * handed to renderers as an argument. Rendered text that holds any of it is marked `secret`.
 */
import type { RoleKey } from './topology/roles.ts'

/** A certificate with its key, PEM. */
export interface TlsPair {
  readonly certificate: string
  readonly key: string
}

export interface RoleSecret {
  readonly password: string
  /** SCRAM-SHA-256 verifier of the password, so that SQL text never carries the password itself. */
  readonly verifier: string
}

export interface ClusterSecrets {
  readonly ca: TlsPair
  /** By container name; also `cli`, `loadgen-1` … and one per user role (`user-<role>`). */
  readonly certificates: Readonly<Record<string, TlsPair>>
  /** The edge's public certificate: the user's own, or one signed by the cluster's CA. */
  readonly edgeCertificate: TlsPair
  readonly roles: Readonly<Record<RoleKey, RoleSecret>>
  /** The user's own roles, by name. */
  readonly userRoles: Readonly<Record<string, RoleSecret>>
  readonly patroniRest: { readonly username: string; readonly password: string }
  /** Patroni and the controller authenticate to etcd by password besides their certificate: the JSON gateway ignores a certificate's name. */
  readonly etcd: { readonly root: string; readonly patroni: string; readonly controller: string }
  /** HMAC key of cookies and read-your-writes tokens, 256 bit, base64url. */
  readonly signingKey: string
  /** Bearer keys: `nha_<48 base64url characters>`; services store only their SHA-256. */
  readonly apiKeys: {
    /** The first key for people; printed by `up`. */
    readonly admin: string
    /** The desktop API's and MCP's key for the agent. */
    readonly service: string
    /** The load generator's key for the agent. */
    readonly drill: string
  }
  readonly consoleAdmin: { readonly email: string; readonly password: string }
  readonly backup: {
    /** Encrypts what is in every repository. Without it no backup can be read, by anybody, ever. */
    readonly cipherPass: string
    /** The key of the cluster's own trial store. */
    readonly trialStore: { readonly accessKey: string; readonly secretKey: string }
  }
}

/** The part of it that drills know. */
export interface DrillSecrets {
  readonly roles: { readonly drill: Pick<RoleSecret, 'password'> }
  readonly apiKeys: Pick<ClusterSecrets['apiKeys'], 'drill'>
  readonly consoleAdmin: ClusterSecrets['consoleAdmin']
}
