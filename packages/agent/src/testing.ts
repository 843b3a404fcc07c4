/**
 * Builders for this package's tests: a database that holds one session's messages and the keys, knowing the
 * statements by what they are about; idempotency records in memory; models that do as they are told. The SQL
 * itself is tried in the stack tests.
 */
import { PlatformError } from '@neuronha/core/errors.ts'
import { hashApiKey } from '@neuronha/runtime/api-keys.ts'
import { newId } from '@neuronha/runtime/clock.ts'
import type {
  Claim,
  IdempotencyRecords,
  IdempotentRequest,
  StoredAnswer,
} from '@neuronha/runtime/idempotency.ts'
import type { Database } from '@neuronha/runtime/postgres/database.ts'
import type { Sql } from '@neuronha/runtime/postgres/sql.ts'
import type { KeyRole } from './queries/api-keys.ts'

export const SESSION_ID = '0190f5e0-0000-7000-8000-00000000000a'
export const ORGANISATION = 'default'

interface Row {
  readonly id: string
  readonly session_id: string
  readonly role: string
  readonly content: string
  readonly metadata: unknown
  readonly created_at: Date
  readonly reply_to?: string
}

interface Stored {
  messages: Row[]
  records: Map<string, Stored1>
}

interface Stored1 {
  readonly hash: string
  readonly subject: string
  readonly owner: string | null
  readonly leaseUntil: number
  readonly answer: StoredAnswer | null
}

type Values = readonly unknown[]

/** What the n-th COMMIT does: `unknown` keeps the transaction and loses the answer. */
export type CommitOutcome = 'kept' | 'unknown'

/** Message tables, keys and idempotency records of one agent service; transactions are all or nothing. */
export class FakeStore {
  readonly keys = new Map<string, { id: string; role: KeyRole }>()
  readonly commits: CommitOutcome[] = []
  keyLookUps = 0
  now = 0
  #stored: Stored = { messages: [], records: new Map() }

  get messages(): readonly Row[] {
    return this.#stored.messages
  }

  addKey(key: string, role: KeyRole): void {
    this.keys.set(hashApiKey(key).toString('hex'), { id: newId(), role })
  }

  readonly #sql: Sql = {
    many: () => Promise.resolve([]),
    maybeOne: <R extends object>(text: string, values: Values = []) =>
      Promise.resolve(this.#find(text, values) as R | undefined),
    one: <R extends object>(text: string, values: Values = []) =>
      Promise.resolve(this.#find(text, values) as R),
    run: () => Promise.resolve(1),
  }

  readonly database: Database = {
    write: async (work) => {
      const before = {
        messages: [...this.#stored.messages],
        records: new Map(this.#stored.records),
      }
      try {
        const value = await work(this.#sql)
        if (this.commits.shift() === 'unknown') {
          throw new PlatformError('UNKNOWN_OUTCOME', 'lost at COMMIT')
        }
        return { value, token: { lsn: '0/1', timeline: 1 } }
      } catch (thrown) {
        const isKept = thrown instanceof PlatformError && thrown.code === 'UNKNOWN_OUTCOME'
        if (!isKept) this.#stored = before
        throw thrown
      }
    },
    read: async (work) => ({ value: await work(this.#sql), readFrom: 'standby' }),
    check: () => ({ ok: true }),
    close: () => Promise.resolve(),
  }

  readonly records: IdempotencyRecords = {
    claim: <T>(_sql: Sql, request: IdempotentRequest, leaseMs: number) =>
      Promise.resolve(this.#claim<T>(request, leaseMs)),
    finish: (_sql, request, answer) =>
      Promise.resolve(this.#change(request, { owner: null, answer })),
    renew: (_sql, request, leaseMs) =>
      Promise.resolve(this.#change(request, { leaseUntil: this.now + leaseMs })),
    abandon: (_sql, request) => {
      this.#change(request, { leaseUntil: -Infinity })
      return Promise.resolve()
    },
    deleteExpired: () => Promise.resolve(0),
  }

  #claim<T>(request: IdempotentRequest, leaseMs: number): Claim<T> {
    const known = this.#stored.records.get(request.key)
    const hash = request.hash.toString('hex')
    if (known?.answer != null) {
      return { kind: 'done', answer: known.answer as StoredAnswer<T> }
    }
    if (known !== undefined && known.leaseUntil > this.now) return { kind: 'in-flight' }
    const subject = known?.subject ?? request.subject
    const leaseUntil = this.now + leaseMs
    const record = { hash, subject, owner: request.owner, leaseUntil, answer: null }
    this.#stored.records.set(request.key, record)
    return { kind: 'mine', subject, isTakeover: known !== undefined }
  }

  #change(request: IdempotentRequest, changes: Partial<Stored1>): boolean {
    const known = this.#stored.records.get(request.key)
    if (known?.owner !== request.owner) return false
    this.#stored.records.set(request.key, { ...known, ...changes })
    return true
  }

  #find(text: string, values: Values): unknown {
    if (text.includes('.api_keys')) {
      this.keyLookUps += 1
      const found = this.keys.get((values[0] as Buffer).toString('hex'))
      return found && { ...found, organisation: ORGANISATION, expires_at: null }
    }
    if (text.includes("'assistant'")) return this.#addAnswer(values)
    if (text.includes('WITH added')) return this.#addMessage(values)
    const row = this.#stored.messages.find(({ id }) => id === values[0])
    return row && this.#withContext(row)
  }

  #withContext(row: Row): object {
    const history = this.#stored.messages.filter(({ id }) => id < row.id)
    return { ...row, agent_name: 'Ada', system_prompt: '', model_name: 'm', config: {}, history }
  }

  #addMessage([id, organisation, sessionId, content]: Values): object | undefined {
    if (sessionId !== SESSION_ID || organisation !== ORGANISATION) return undefined
    const row = this.#row(String(id), 'user', String(content))
    this.#stored.messages.push(row)
    return this.#withContext(row)
  }

  #addAnswer([id, , , content, , replyTo]: Values): Row {
    if (this.#stored.messages.some(({ reply_to }) => reply_to === replyTo)) {
      throw new PlatformError('CONFLICT', 'a second answer')
    }
    const row = {
      ...this.#row(String(id), 'assistant', String(content)),
      reply_to: String(replyTo),
    }
    this.#stored.messages.push(row)
    return row
  }

  #row(id: string, role: string, content: string): Row {
    const created_at = new Date('2026-01-01T00:00:00Z')
    return { id, session_id: SESSION_ID, role, content, metadata: {}, created_at }
  }
}

/** A posted message's identity, as the route makes it. */
export const aPosting = (content: string, key = 'key-1') => ({
  organisation: ORGANISATION,
  sessionId: SESSION_ID,
  input: { role: 'user' as const, content, stream: false, metadata: {} },
  request: {
    caller: 'caller',
    route: 'POST /x',
    key,
    hash: Buffer.from(content),
    subject: newId(),
    owner: newId(),
  },
})
