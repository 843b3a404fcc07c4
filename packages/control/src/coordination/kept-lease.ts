/** An etcd lease that lives for as long as this process: what hangs on it is given back within seconds when it is killed. */
import { toPlatformError } from '@neuronha/core/errors.ts'
import type { Kv } from '../etcd/kv.ts'

const LEASE_SECONDS = 15
const RENEW_EVERY_MS = 3000

export interface KeptLease {
  readonly id: string
  /** Does not throw: what cannot be given back ends with the lease. */
  release(): Promise<void>
}

export async function keepLease(
  kv: Pick<Kv, 'grantLease' | 'keepAlive' | 'revokeLease'>,
): Promise<KeptLease> {
  const id = await kv.grantLease(LEASE_SECONDS)
  const timer = setInterval(() => {
    // A renewal that fails is tried again: the lease outlives several of them.
    kv.keepAlive(id).catch(toPlatformError)
  }, RENEW_EVERY_MS)
  return {
    id,
    release: async () => {
      clearInterval(timer)
      await kv.revokeLease(id).catch(toPlatformError)
    },
  }
}

/** What `hang` hangs on a lease, kept until it is released; given back when it does not come about. */
export async function hangOnLease(
  kv: Parameters<typeof keepLease>[0],
  hang: (lease: string) => Promise<void>,
): Promise<KeptLease> {
  const lease = await keepLease(kv)
  try {
    await hang(lease.id)
    return lease
  } catch (thrown) {
    await lease.release()
    throw thrown
  }
}
