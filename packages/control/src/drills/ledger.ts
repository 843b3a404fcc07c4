/** Reads a ledger while it grows. The load generator may die at any byte: half a last line is no line. */
import { open } from 'node:fs/promises'
import { ledgerLine, type LedgerLine } from '@neuronha/core/config/loadgen.ts'

/** The lines of a text and the rest of it that is not yet a whole line. */
export function parseLedger(text: string): {
  readonly lines: readonly LedgerLine[]
  readonly rest: string
} {
  const parts = text.split('\n')
  const rest = parts.pop() ?? ''
  return { lines: parts.filter((part) => part !== '').map(parseLine), rest }
}

const parseLine = (text: string): LedgerLine => ledgerLine.parse(JSON.parse(text))

/** Follows a ledger file from its beginning. */
export class LedgerReader {
  readonly #path: string
  readonly #lines: LedgerLine[] = []
  #offset = 0
  #rest = ''
  #reading: Promise<unknown> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** Everything read so far. */
  get lines(): readonly LedgerLine[] {
    return this.#lines
  }

  /** Reads what was appended since the last call and returns it. */
  readNew(): Promise<readonly LedgerLine[]> {
    // One at a time: two readers of one tail would both count it.
    const reading = this.#reading.then(
      () => this.#read(),
      () => this.#read(),
    )
    this.#reading = reading
    return reading
  }

  async #read(): Promise<readonly LedgerLine[]> {
    const text = this.#rest + (await this.#readTail())
    const { lines, rest } = parseLedger(text)
    this.#rest = rest
    this.#lines.push(...lines)
    return lines
  }

  async #readTail(): Promise<string> {
    const file = await open(this.#path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
      throw error
    })
    if (file === null) return ''
    try {
      const { size } = await file.stat()
      if (size <= this.#offset) return ''
      const buffer = Buffer.alloc(size - this.#offset)
      const { bytesRead } = await file.read(buffer, 0, buffer.length, this.#offset)
      this.#offset += bytesRead
      // The ledger is ASCII but for error kinds, which come in whole lines.
      return buffer.toString('utf8', 0, bytesRead)
    } finally {
      await file.close()
    }
  }
}
