/** W3C trace context: continues the caller's trace or begins one; this process is a new span either way. */
import { randomBytes } from 'node:crypto'

export interface TraceContext {
  readonly traceId: string
  readonly spanId: string
  readonly sampled: boolean
}

const TRACEPARENT = /^[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

const isZero = (hex: string): boolean => /^0+$/.test(hex)

/** The context of a request's work, from its header if that is valid. */
export const startTrace = (header: string | undefined): TraceContext => {
  const [, traceId = '', parentId = '', flags = '00'] = TRACEPARENT.exec(header ?? '') ?? []
  const isValid = traceId !== '' && !isZero(traceId) && !isZero(parentId)
  return {
    traceId: isValid ? traceId : randomBytes(16).toString('hex'),
    spanId: randomBytes(8).toString('hex'),
    sampled: isValid && (Number.parseInt(flags, 16) & 1) === 1,
  }
}

/** The header for a call that this work makes. */
export const traceparentOf = ({ traceId, spanId, sampled }: TraceContext): string =>
  `00-${traceId}-${spanId}-${sampled ? '01' : '00'}`
