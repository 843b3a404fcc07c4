/**
 * Settles as `work` does, unless one of the signals aborts first: then it rejects with `errorOf(the signal's reason)`.
 * For work that does not heed a signal, or not at every step: undici and pg do not while they connect. The work
 * itself goes on. Its late result is the caller's to clean up; its late failure was taken by the race already.
 */
export async function unlessAborted<T>(
  work: Promise<T>,
  signals: readonly AbortSignal[],
  errorOf: (reason: unknown) => Error,
): Promise<T> {
  const aborted = Promise.withResolvers<never>()
  const onAbort = (): void =>
    aborted.reject(errorOf(signals.find((signal) => signal.aborted)?.reason))
  for (const signal of signals) signal.addEventListener('abort', onAbort, { once: true })
  if (signals.some((signal) => signal.aborted)) onAbort()
  try {
    return await Promise.race([work, aborted.promise])
  } finally {
    for (const signal of signals) signal.removeEventListener('abort', onAbort)
  }
}
