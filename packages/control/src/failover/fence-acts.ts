/** Carries out one decision about a fence: the record in etcd, the kill, the revocation, and the event of each. */
import { randomUUID } from 'node:crypto'
import {
  patroniKeys,
  type FencePhase,
  type FenceReason,
  type FenceRecord,
} from '@neuronha/core/contracts/coordination.ts'
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Engine } from '../engine/engine.ts'
import type { Kv } from '../etcd/kv.ts'
import type { EventLog } from '../events/event-log.ts'
import { LEASE_SPARE_MS, type FenceDecision } from './decide-fence.ts'
import type { CoordinationView } from './coordination-view.ts'
import { recordChange, revocation, type Transaction } from './fence-transaction.ts'

export interface FenceActsOptions {
  readonly cluster: string
  readonly controller: string
  readonly kv: Kv
  readonly engine: Pick<Engine, 'kill'>
  readonly lease: { spareMs(): number; createRevision(): string | undefined }
  readonly events: Pick<EventLog, 'record'>
  readonly counts: FenceCounts
}

/** What the metrics count. */
export interface FenceCounts {
  fence(reason: FenceReason): void
  failover(path: 'evidence' | 'suspicion'): void
}

export const RATE_WINDOW_MS = 600_000

const REASON_WORDS: Readonly<Record<FenceReason, string>> = {
  'container-gone': 'its container has ended and stays ended',
  'container-crashed': 'its container has ended, and must not come back before a standby leads',
  unresponsive: 'it answers nobody',
  'no-new-connections': 'it takes no new connections',
  'patroni-hung': 'its Patroni hangs',
}

/** The engine itself showed the end. */
const EVIDENT: ReadonlySet<FenceReason> = new Set(['container-gone', 'container-crashed'])

/** Earlier fences that still count. */
export const recentFences = (record: FenceRecord | null, wallMs: number): readonly string[] =>
  record === null
    ? []
    : [...record.earlier, record.intendedAt].filter(
        (at) => wallMs - Date.parse(at) < RATE_WINDOW_MS,
      )

export class FenceActs {
  readonly #options: FenceActsOptions

  constructor(options: FenceActsOptions) {
    this.#options = options
  }

  /** True when something changed, so that the world is worth another look at once. */
  async carryOut(decision: FenceDecision, view: CoordinationView): Promise<boolean> {
    const { record } = view
    if (decision.kind === 'nothing') return false
    if (decision.kind === 'intend') return this.#intend(decision, view)
    if (record === null) return false
    switch (decision.kind) {
      case 'kill':
        return this.#kill(record)
      case 'confirm':
        return this.#confirm(record, view)
      case 'revoke':
        return this.#revoke(record, view)
      case 'release':
        return this.#release(record, view, decision.newLeader)
      case 'abandon':
        return this.#abandon(record, view, decision)
    }
  }

  async #intend(
    { term, reason, evidence }: Extract<FenceDecision, { kind: 'intend' }>,
    view: CoordinationView,
  ): Promise<boolean> {
    const record: FenceRecord = {
      id: randomUUID(),
      term,
      reason,
      phase: 'intended',
      controller: this.#options.controller,
      intendedAt: new Date().toISOString(),
      evidence,
      newLeader: null,
      note: '',
      earlier: [...recentFences(view.record, Date.now())],
    }
    const isWritten = await this.#write(record, view)
    if (!isWritten) return true
    this.#options.counts.fence(reason)
    this.#say('intended', record, `${term.member} is to be fenced: ${REASON_WORDS[reason]}`, {
      severity: 'critical',
      evidence,
    })
    return true
  }

  async #kill({ term, reason }: FenceRecord): Promise<boolean> {
    const { cluster, kv, lease } = this.#options
    try {
      // Members were asked since it was last read: a life that has taken the lock again is not killed.
      const leader = await kv.get(patroniKeys(cluster).leader)
      if (leader?.modRevision !== term.leaderModRevision || leader.lease !== term.lease) return true
      if (lease.spareMs() < LEASE_SPARE_MS) return false
      await this.#options.engine.kill(term.member)
      return true
    } catch (thrown) {
      // no evidence of anything: the next look inspects it
      this.#options.events.record({
        kind: 'failover.kill-failed',
        severity: 'critical',
        target: term.member,
        summary: `${term.member} could not be killed: ${toPlatformError(thrown).message}`,
        evidence: { reason },
      })
      return false
    }
  }

  async #confirm(record: FenceRecord, view: CoordinationView): Promise<boolean> {
    const confirmed = this.#in('confirmed', record)
    if (await this.#write(confirmed, view))
      this.#say('confirmed', confirmed, `${record.term.member} is certainly stopped`, {
        severity: 'warning',
      })
    return true
  }

  async #revoke(record: FenceRecord, view: CoordinationView): Promise<boolean> {
    const own = this.#own()
    const { cluster, lease } = this.#options
    if (own === undefined || lease.spareMs() < LEASE_SPARE_MS) return false
    const mine = { ...record, controller: this.#options.controller }
    const transaction = revocation(cluster, { ...view, record: mine }, own)
    if (transaction === undefined) return false
    const isRevoked = await this.#run(transaction)
    const evidence = {
      sync: view.snapshot.sync?.modRevision ?? null,
      quorum: view.snapshot.sync?.quorum ?? null,
      voters: [...(view.snapshot.sync?.voters ?? [])],
    }
    this.#options.events.record({
      kind: isRevoked ? 'failover.revoked' : 'failover.revocation-refused',
      severity: 'warning',
      target: record.term.member,
      summary: isRevoked
        ? `the leadership of ${record.term.member} is taken away; the standbys elect`
        : `something changed before the leadership of ${record.term.member} was taken away: looking again`,
      evidence,
    })
    return true
  }

  async #release(
    record: FenceRecord,
    view: CoordinationView,
    newLeader: string | null,
  ): Promise<boolean> {
    const released = { ...this.#in('released', record), newLeader }
    if (!(await this.#write(released, view))) return true
    if (newLeader !== record.term.member)
      this.#options.counts.failover(EVIDENT.has(record.reason) ? 'evidence' : 'suspicion')
    this.#say('released', released, `${newLeader ?? 'nobody'} is the primary now`, {
      severity: 'warning',
    })
    return true
  }

  async #abandon(
    record: FenceRecord,
    view: CoordinationView,
    { why, isAlarm, evidence }: Extract<FenceDecision, { kind: 'abandon' }>,
  ): Promise<boolean> {
    const abandoned = { ...this.#in('abandoned', record), note: why }
    if (await this.#write(abandoned, view))
      this.#say('abandoned', abandoned, `the fence of ${record.term.member} ends: ${why}`, {
        severity: isAlarm ? 'critical' : 'warning',
        evidence,
      })
    return true
  }

  #in(phase: FencePhase, record: FenceRecord): FenceRecord {
    return { ...record, phase, controller: this.#options.controller }
  }

  #own(): { readonly createRevision: string } | undefined {
    const createRevision = this.#options.lease.createRevision()
    return createRevision === undefined ? undefined : { createRevision }
  }

  async #write(record: FenceRecord, view: CoordinationView): Promise<boolean> {
    const own = this.#own()
    if (own === undefined) return false
    return this.#run(recordChange(this.#options.cluster, record, view.recordModRevision, own))
  }

  async #run({ compares, operations }: Transaction): Promise<boolean> {
    return (await this.#options.kv.transaction(compares, operations)).succeeded
  }

  #say(
    what: string,
    record: FenceRecord,
    summary: string,
    more: {
      readonly severity: 'warning' | 'critical'
      readonly evidence?: FenceRecord['evidence']
    },
  ): void {
    this.#options.events.record({
      kind: `failover.${what}`,
      severity: more.severity,
      target: record.term.member,
      summary,
      evidence: { fence: record.id, reason: record.reason, ...more.evidence },
    })
  }
}
