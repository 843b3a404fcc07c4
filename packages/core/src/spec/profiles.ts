/**
 * Timing presets: one name sets Patroni, HAProxy, PgBouncer and etcd together, because a failover is
 * as slow as the slowest of them. The figures of `fast` are those measured in DESIGN 8.7.
 */

export const PROFILE_NAMES = ['fast', 'balanced', 'wide'] as const
export type ProfileName = (typeof PROFILE_NAMES)[number]

/** Patroni's three clocks, in seconds. Patroni silently shrinks an invalid triple; validation refuses it. */
export interface PatroniTiming {
  readonly ttl: number
  readonly loopWait: number
  readonly retryTimeout: number
}

export interface Profile {
  readonly patroni: PatroniTiming
  /**
   * HAProxy's health checks of members, milliseconds and counts. All but `readInterMs` are of the write check. The TLS
   * handshake of a check must end within the lesser of its interval and `connectMs`: a check that is impatient with a busy
   * machine takes the primary out and cuts every session to it, and all the logins anew are what keeps it busy. A change
   * of the primary does not wait for checks: the controllers tell the routers.
   */
  readonly check: {
    readonly interMs: number
    readonly fastinterMs: number
    readonly downinterMs: number
    readonly fall: number
    readonly rise: number
    readonly timeoutMs: number
    /**
     * Between two checks of whether a member may serve reads, whether it may now or not. Each check costs the member a TLS
     * handshake, and a read that meets a standby which has just gone is made again on the primary.
     */
    readonly readInterMs: number
  }
  /** How long HAProxy waits for a member to take a connection; a kernel that lives does so at once. */
  readonly connectMs: number
  /** PgBouncer, in seconds. */
  readonly pooler: {
    readonly serverLoginRetry: number
    /**
     * For a whole login. Too short, and a machine that is short of processors, right after a failover, never ends one: each is cut
     * off and begun again. It is only needed for a router that hangs, since routers cut sessions to a primary that is gone,
     * and so does the PAUSE that holds the clients meanwhile.
     */
    readonly serverConnectTimeout: number
    readonly queryWaitTimeout: number
  }
  readonly etcd: { readonly heartbeatMs: number; readonly electionMs: number }
}

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  fast: {
    patroni: { ttl: 20, loopWait: 1, retryTimeout: 3 },
    check: {
      interMs: 2000,
      fastinterMs: 1000,
      downinterMs: 1000,
      fall: 3,
      rise: 1,
      timeoutMs: 4000,
      readInterMs: 2000,
    },
    connectMs: 2000,
    pooler: { serverLoginRetry: 0.2, serverConnectTimeout: 5, queryWaitTimeout: 30 },
    etcd: { heartbeatMs: 100, electionMs: 1000 },
  },
  balanced: {
    patroni: { ttl: 30, loopWait: 5, retryTimeout: 10 },
    check: {
      interMs: 1000,
      fastinterMs: 500,
      downinterMs: 500,
      fall: 3,
      rise: 1,
      timeoutMs: 2000,
      readInterMs: 2000,
    },
    connectMs: 3000,
    pooler: { serverLoginRetry: 0.5, serverConnectTimeout: 8, queryWaitTimeout: 60 },
    etcd: { heartbeatMs: 250, electionMs: 2500 },
  },
  wide: {
    patroni: { ttl: 60, loopWait: 10, retryTimeout: 20 },
    check: {
      interMs: 2000,
      fastinterMs: 1000,
      downinterMs: 1000,
      fall: 3,
      rise: 1,
      timeoutMs: 4000,
      readInterMs: 4000,
    },
    connectMs: 5000,
    pooler: { serverLoginRetry: 1, serverConnectTimeout: 10, queryWaitTimeout: 120 },
    etcd: { heartbeatMs: 500, electionMs: 5000 },
  },
}
