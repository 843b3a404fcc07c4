/** A breaker and a bulkhead around calls to something that may be slow or dead, with errors of ours. */
import { PlatformError } from '@neuronha/core/errors.ts'
import {
  BrokenCircuitError,
  bulkhead,
  BulkheadRejectedError,
  circuitBreaker,
  handleWhen,
  SamplingBreaker,
  wrap,
} from 'cockatiel'

export interface GuardOptions {
  /** Begins the sentence of its errors, for example `The model provider`. */
  readonly name: string
  readonly maxConcurrent: number
  readonly maxWaiting: number
  /** How long the breaker stays open before one call may try again. */
  readonly pauseMs: number
  /** Which errors count against the other side; default all. */
  readonly isFailure?: (thrown: unknown) => boolean
}

export interface Guard {
  /** Runs `call`; throws UNAVAILABLE without running it when the other side has been failing or is full. */
  run<T>(call: () => Promise<T>): Promise<T>
}

/** Opens when half of the calls of ten seconds failed, given at least one call a second. */
export const createGuard = (options: GuardOptions): Guard => {
  const { name, isFailure = () => true } = options
  const policy = wrap(
    bulkhead(options.maxConcurrent, options.maxWaiting),
    circuitBreaker(handleWhen(isFailure), {
      halfOpenAfter: options.pauseMs,
      breaker: new SamplingBreaker({ threshold: 0.5, duration: 10_000, minimumRps: 1 }),
    }),
  )
  return {
    run: async (call) => {
      try {
        return await policy.execute(call)
      } catch (thrown) {
        if (thrown instanceof BrokenCircuitError) {
          throw new PlatformError('UNAVAILABLE', `${name} has been failing and is given a pause`)
        }
        if (thrown instanceof BulkheadRejectedError) {
          throw new PlatformError('UNAVAILABLE', `${name} has too many calls at the same time`)
        }
        throw thrown
      }
    },
  }
}
