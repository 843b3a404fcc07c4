/**
 * Which of the controllers is the active one. At most one believes it at any instant, because belief ends by
 * the believer's own clock before etcd ends the lease.
 *
 *   standby ──(key absent: lease granted, key created in a transaction on create_revision = 0)──▶ active
 *   active  ──(keep-alive answered in time: the term is extended)──▶ active
 *   active  ──(keep-alive says that the lease is gone)──▶ standby
 *   active  ──(the term ended by the monotonic clock: no keep-alive came through, or we were frozen)──▶ standby
 *   any     ──(close: the lease is revoked, so that the other one takes over at once)──▶ closed
 *
 * The term counts from the moment *before* the request left: etcd's own count began later, so ours ends
 * first. The clock is monotonic and runs on while the process is stopped; `isActive()` compares it each time, so a
 * thawed controller knows that it lost before it does anything. Whoever acts asks `isActive()` before each act.
 */
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import { z } from 'zod'
import { base64, type EtcdClient } from '../etcd/etcd-client.ts'

export interface ActiveLeaseOptions {
  readonly etcd: EtcdClient
  /** `<prefix>controller/active`. */
  readonly key: string
  /** The value of the key: this controller's container name. */
  readonly replica: string
  readonly leaseSeconds: number
  readonly logger: Pick<Logger, 'info' | 'warn'>
  /** Monotonic clock, milliseconds; it must run on while the process is stopped. */
  readonly now?: () => number
}

const RENEW_EVERY_MS = 1000
/** A standby looks this often whether the key is gone; with the lease this is how late it can be. */
const LOOK_EVERY_MS = 400
/** Ends the own term a little before etcd's, for clocks that do not run alike. */
const SAFETY_MS = 250

const grantAnswer = z.object({ ID: z.string() })
const keepAliveAnswer = z.object({ result: z.object({ TTL: z.coerce.number().default(0) }) })
const rangeAnswer = z.object({
  kvs: z.array(z.object({ value: z.string().default('') })).default([]),
})
const transactionAnswer = z.object({
  succeeded: z.boolean().default(false),
  header: z.object({ revision: z.string() }),
})

interface Term {
  readonly lease: string
  /** Of the key, which was made when this term began: what a transaction compares. */
  readonly createRevision: string
  /** By the monotonic clock. */
  readonly validUntil: number
}

export class ActiveLease {
  readonly #options: ActiveLeaseOptions
  readonly #now: () => number
  #term: Term | undefined
  #timer: NodeJS.Timeout | undefined
  #turn: Promise<void> = Promise.resolve()
  #closed = false
  #lastHolder: string | null = null
  #lastWords = ''

  constructor(options: ActiveLeaseOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  /** Begins to look for the role; returns at once. */
  start(): void {
    this.#schedule(0)
  }

  /** True while the lease certainly has not ended. */
  isActive(): boolean {
    return this.#term !== undefined && this.#now() < this.#term.validUntil
  }

  /** For how long the lease is certainly valid still, milliseconds; 0 when this is not the active one. */
  spareMs(): number {
    return this.#term === undefined ? 0 : Math.max(0, this.#term.validUntil - this.#now())
  }

  /** The key's create revision in this term: the fencing token of everything that is written as the active one. */
  createRevision(): string | undefined {
    return this.isActive() ? this.#term?.createRevision : undefined
  }

  /** Whom etcd named last; a standby asks every few hundred milliseconds. */
  lastHolder(): string | null {
    return this.#lastHolder
  }

  /** Gives the role up at once. */
  async close(): Promise<void> {
    this.#closed = true
    clearTimeout(this.#timer)
    await this.#turn
    const term = this.#term
    this.#term = undefined
    if (term !== undefined) await this.#revoke(term.lease)
  }

  #schedule(afterMs: number): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => {
      this.#turn = this.#step().then(
        (nextMs) => this.#schedule(nextMs),
        (thrown: unknown) => {
          this.#warnOnce(thrown)
          this.#schedule(LOOK_EVERY_MS)
        },
      )
    }, afterMs)
  }

  /** One turn of the state machine; answers when the next is due. */
  async #step(): Promise<number> {
    const term = this.#term
    if (term === undefined) return this.#seek()
    if (!this.isActive()) return this.#lose('the lease could not be renewed in time')
    return this.#renew(term)
  }

  async #seek(): Promise<number> {
    const { etcd, key, replica, leaseSeconds, logger } = this.#options
    const { kvs } = await etcd.call('kv/range', { key: base64(key) }, rangeAnswer)
    const [found] = kvs
    this.#lastHolder = found === undefined ? null : Buffer.from(found.value, 'base64').toString()
    if (found !== undefined) return LOOK_EVERY_MS
    const askedAt = this.#now()
    const { ID: lease } = await etcd.call('lease/grant', { TTL: String(leaseSeconds) }, grantAnswer)
    const created = await etcd.call(
      'kv/txn',
      {
        compare: [{ key: base64(key), target: 'CREATE', result: 'EQUAL', create_revision: '0' }],
        success: [{ request_put: { key: base64(key), value: base64(replica), lease } }],
      },
      transactionAnswer,
    )
    if (!created.succeeded) {
      await this.#revoke(lease)
      return LOOK_EVERY_MS
    }
    this.#lastHolder = replica
    this.#term = {
      lease,
      createRevision: created.header.revision,
      validUntil: this.#termEnd(askedAt),
    }
    this.#lastWords = ''
    logger.info({ revision: created.header.revision }, 'this controller is the active one now')
    return RENEW_EVERY_MS
  }

  async #renew(term: Term): Promise<number> {
    const askedAt = this.#now()
    const { result } = await this.#options.etcd.call(
      'lease/keepalive',
      { ID: term.lease },
      keepAliveAnswer,
    )
    if (result.TTL <= 0) return this.#lose('etcd has ended the lease')
    this.#term = { ...term, validUntil: this.#termEnd(askedAt) }
    this.#lastWords = ''
    return RENEW_EVERY_MS
  }

  #termEnd(askedAt: number): number {
    return askedAt + this.#options.leaseSeconds * 1000 - SAFETY_MS
  }

  #lose(why: string): number {
    this.#term = undefined
    this.#options.logger.warn({ why }, 'this controller is no longer the active one')
    return 0
  }

  /** Best effort: a lease that cannot be revoked ends by itself. */
  async #revoke(lease: string): Promise<void> {
    const { etcd } = this.#options
    await etcd.call('lease/revoke', { ID: lease }, z.unknown()).catch(() => undefined)
  }

  /** An etcd that stays away is one line, not one per turn. */
  #warnOnce(thrown: unknown): void {
    const { message, cause } = toPlatformError(thrown)
    const words = `${message} ${cause instanceof Error ? cause.message : ''}`
    if (words === this.#lastWords) return
    this.#lastWords = words
    this.#options.logger.warn({ err: thrown }, 'etcd gave no usable answer')
  }
}
