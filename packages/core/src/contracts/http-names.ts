/** Header and cookie names that more than one process must agree on. */
export const HEADERS = {
  idempotencyKey: 'idempotency-key',
  requestId: 'x-request-id',
  traceparent: 'traceparent',
  /** Read-your-writes token: signed LSN and timeline of the caller's last write. */
  lastWrite: 'x-neuronha-last-write',
  /** Which replica answered. */
  replica: 'x-neuronha-replica',
  /** `primary` or `standby`: where a read was served from. */
  readFrom: 'x-neuronha-read-from',
} as const

export const COOKIES = {
  session: 'neuronha_session',
  lastWrite: 'neuronha_last_write',
  affinity: 'neuronha_affinity',
} as const

/**
 * A draining replica adds this header to its 503 (code DRAINING) for a request that it has not begun.
 * It is the only 503 that is safe to send again whatever the method: an edge of kind nginx then passes the
 * request to another replica (the value names a location of its configuration), and no client sees the 503.
 */
export const NOT_BEGUN = { header: 'x-accel-redirect', value: '@elsewhere' } as const
