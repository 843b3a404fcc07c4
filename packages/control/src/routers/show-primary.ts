/**
 * Shows each leadership to the routers once: when its owner was seen to write after the leadership had been seen, and never
 * before. A router that could not be told is told again at the next write, for a while; then its own checks must do.
 */
import type { FenceRecord } from '@neuronha/core/contracts/coordination.ts'
import type { Logger } from '@neuronha/runtime/logger.ts'
import type { RouterGuide } from './router-guide.ts'

export interface ShowPrimaryOptions {
  readonly guide: RouterGuide
  readonly isActive: () => boolean
  /** The routers that could be told lead to this member now. */
  readonly onShown: (member: string) => void
  readonly logger: Pick<Logger, 'info' | 'warn'>
}

interface Leadership {
  readonly member: string
  /** Of the leader's key: another revision is another leadership. */
  readonly revision: string
  readonly seenAt: number
}

/** As long as the routers' own checks could need, with room. */
const TRY_FOR_MS = 10_000

export class ShowPrimary {
  readonly #options: ShowPrimaryOptions
  #leadership: Leadership | undefined
  #isShown = false
  #isShowing = false
  /** The fence whose member the routers were told to cut off. */
  #cutOffFor: string | undefined

  constructor(options: ShowPrimaryOptions) {
    this.#options = options
  }

  /** What etcd said at this moment (monotonic, milliseconds). */
  noteLeader(
    leader: { readonly name: string; readonly modRevision: string } | null,
    seenAt: number,
  ): void {
    if (leader === null) {
      this.#leadership = undefined
      return
    }
    if (leader.modRevision === this.#leadership?.revision) return
    this.#leadership = { member: leader.name, revision: leader.modRevision, seenAt }
    this.#isShown = false
  }

  get isShowing(): boolean {
    return this.#isShowing
  }

  /** The routers may have given the primary up: a write from now on is to be shown, even of the same leadership. */
  showAgain(seenAt: number): void {
    if (this.#leadership !== undefined) this.#leadership = { ...this.#leadership, seenAt }
    this.#isShown = false
  }

  /** What the fence's record says: a member that is certainly stopped gets no more sessions. */
  async noteFence(record: Pick<FenceRecord, 'id' | 'phase' | 'term'> | null): Promise<void> {
    const isCertain = record?.phase === 'confirmed' || record?.phase === 'revoked'
    if (!isCertain || record.id === this.#cutOffFor || !this.#options.isActive()) return
    const leadsAnew = record.phase === 'revoked' && this.#leadership?.member === record.term.member
    if (leadsAnew) return
    this.#cutOffFor = record.id
    await this.#options.guide.cutOff(record.term.member)
  }

  /** A write that was begun at this moment has succeeded on this member. */
  async noteWrite(member: string, begunAt: number): Promise<void> {
    const leadership = this.#leadership
    if (leadership === undefined || this.#isShown || this.#isShowing) return
    if (leadership.member !== member || begunAt <= leadership.seenAt) return
    const { guide, isActive, logger } = this.#options
    if (!isActive()) return
    this.#isShowing = true
    const missed = await guide.lead(member)
    this.#isShowing = false
    if (this.#leadership !== leadership) return
    this.#options.onShown(member)
    const isOver = begunAt - leadership.seenAt > TRY_FOR_MS
    this.#isShown = missed.length === 0 || isOver
    if (missed.length === 0) logger.info({ member }, 'the routers lead to the primary')
    else if (isOver)
      logger.warn({ member, missed }, 'some routers could not be told of the primary')
  }
}
