/**
 * How fast the controllers notice and act: what they are set to, and what the engine and PostgreSQL were measured to
 * take. The one place: the controllers take their settings from here, and the predictions their terms.
 */
export const CONTROLLER_TIMINGS = {
  /** A write probe to the primary begins this often. */
  probeEveryMs: 500,
  /** Kept and fresh connection both silent for so long: the member hangs. */
  silentAfterMs: 2000,
  /** Only fresh connections silent for so long: the postmaster hangs, its sessions go on. */
  freshSilentAfterMs: 5000,
  /** Patroni's state stood still in etcd for so long: its REST API is asked … */
  askPatroniAfterMs: 1200,
  /** … and silent for so long: Patroni hangs. */
  patroniSilentAfterMs: 2000,
} as const

/** Seen on two cores with the default cluster; `typicalMs` is a median, `worstMs` what a busy machine needs. */
export const MEASURED = {
  /** From the death of a process until the engine's event has arrived. */
  engineEvent: { typicalMs: 100, worstMs: 500 },
  /** Inspection, the fence's record and the guarded revocation: four questions to engine and etcd. */
  evidence: { typicalMs: 100, worstMs: 400 },
  /** The engine kills a container and says that it ended. */
  engineKill: { typicalMs: 400, worstMs: 1500 },
  /** The engine starts a container again that ended by itself. */
  engineRestart: { typicalMs: 500, worstMs: 1000 },
  /** A leader key that goes, until a standby writes; the dead leader's address was taken out before. */
  promotion: { typicalMs: 450, worstMs: 1000 },
  /** A new Patroni takes its old lease, finds its PostgreSQL crashed, and releases it. */
  patroniStart: { typicalMs: 800, worstMs: 1500 },
  /** One Patroni round beyond its rest: etcd, PostgreSQL, REST. */
  patroniRound: { typicalMs: 200, worstMs: 500 },
  /** A controller sees the new primary write, which it asks every 50 ms, and tells the routers. */
  guide: { typicalMs: 100, worstMs: 600 },
  /** A health check with its TLS handshake. */
  check: { typicalMs: 50, worstMs: 200 },
  /** An orderly stop of a PostgreSQL that was checkpointed just before, until its lease is free. */
  orderlyStop: { typicalMs: 450, worstMs: 1500 },
  /** The same without the checkpoint. */
  plainStop: { typicalMs: 1200, worstMs: 3000 },
  /** PAUSE on every pooler; the worst is the deadline, after which the switchover is called off. */
  pause: { typicalMs: 100, worstMs: 1500 },
  resume: { typicalMs: 50, worstMs: 200 },
  /** A client, or a service, that met a closed connection tries elsewhere. */
  retryElsewhere: { typicalMs: 100, worstMs: 1000 },
  /** A service finds a silent pooler: it watches every 500 ms, and asks after 750 ms, for 750 ms. */
  silentPooler: { typicalMs: 1750, worstMs: 2500 },
  /** Writes while etcd is away: failsafe asks all members over REST. */
  failsafe: { typicalMs: 150, worstMs: 1000 },
  /** A walsender notices that its standby went; another standby acknowledges meanwhile. */
  otherStandby: { typicalMs: 50, worstMs: 1000 },
} as const satisfies Readonly<Record<string, { typicalMs: number; worstMs: number }>>

/** Standbys ask the dead leader before they race, and Patroni waits this long for it; there is no setting. */
export const DEAD_LEADER_PROBE_MS = 2000
