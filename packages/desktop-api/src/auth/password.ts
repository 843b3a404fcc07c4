/**
 * Passwords as Argon2id, in the PHC string format. Node computes them on its thread pool, so the event loop
 * goes on; only two at a time, because each takes 19 MiB and a core while it runs.
 */
import { argon2, randomBytes, timingSafeEqual, type Argon2Parameters } from 'node:crypto'
import { promisify } from 'node:util'
import { createGuard } from '@neuronha/runtime/guard.ts'

export interface Passwords {
  hash(password: string): Promise<string>
  /** `stored` undefined: there is no such account; takes as long as a wrong password. */
  verify(password: string, stored: string | undefined): Promise<boolean>
}

const argon2id = promisify(
  (parameters: Argon2Parameters, done: (error: Error | null, key?: Buffer) => void) =>
    argon2('argon2id', parameters, done),
)

/** OWASP's first choice for Argon2id. */
const COST = { memory: 19_456, passes: 2, parallelism: 1 } as const
const KEY_BYTES = 32
const SALT_BYTES = 16

const PHC = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$/

const unpadded = (bytes: Buffer): string => bytes.toString('base64').replace(/=+$/, '')

const compute = (password: string, nonce: Buffer, cost: typeof COST | Cost): Promise<Buffer> =>
  argon2id({
    message: Buffer.from(password.normalize('NFKC'), 'utf8'),
    nonce,
    tagLength: KEY_BYTES,
    ...cost,
  }) as Promise<Buffer>

interface Cost {
  readonly memory: number
  readonly passes: number
  readonly parallelism: number
}

interface Stored {
  readonly cost: Cost
  readonly salt: Buffer
  readonly key: Buffer
}

const parseStored = (text: string): Stored | undefined => {
  const [, memory, passes, parallelism, salt = '', key = ''] = PHC.exec(text) ?? []
  if (memory === undefined) return undefined
  return {
    cost: { memory: Number(memory), passes: Number(passes), parallelism: Number(parallelism) },
    salt: Buffer.from(salt, 'base64'),
    key: Buffer.from(key, 'base64'),
  }
}

/** Nobody's: what a password is compared with when there is no account. */
const NOBODY: Stored = { cost: COST, salt: Buffer.alloc(SALT_BYTES), key: Buffer.alloc(KEY_BYTES) }

export const createPasswords = (): Passwords => {
  const guard = createGuard({
    name: 'Sign-in',
    maxConcurrent: 2,
    maxWaiting: 50,
    pauseMs: 1000,
    isFailure: () => false,
  })
  return {
    hash: async (password) => {
      const salt = randomBytes(SALT_BYTES)
      const key = await guard.run(() => compute(password, salt, COST))
      const { memory, passes, parallelism } = COST
      return `$argon2id$v=19$m=${memory},t=${passes},p=${parallelism}$${unpadded(salt)}$${unpadded(key)}`
    },
    verify: async (password, stored) => {
      const { cost, salt, key } = (stored === undefined ? undefined : parseStored(stored)) ?? NOBODY
      const computed = await guard.run(() => compute(password, salt, cost))
      const isSame = computed.length === key.length && timingSafeEqual(computed, key)
      return isSame && stored !== undefined
    },
  }
}
