/** The events that wait in etcd, as those see them who read or archive them. */
import { coordinationKeys, type PlatformEvent } from '@neuronha/core/contracts/coordination.ts'
import type { PagedKv, PageOptions } from '../etcd/kv.ts'
import { decodeEvent } from './event-codec.ts'

export interface StoredPage {
  readonly events: readonly PlatformEvent[]
  /** How many there are in the range, those that did not fit the page included. */
  readonly total: number
}

export interface EventStore {
  /** Events by id; `from` and `before` are ids, or beginnings of ids. */
  page(options: PageOptions): Promise<StoredPage>
  /** Removes exactly these; gone already is success. */
  remove(ids: readonly string[]): Promise<void>
}

/** As many events, each as long as may be, fit one answer of etcd. */
export const EVENTS_PAGE = 200

/** Operations of one etcd transaction; 128 is etcd's limit. */
const BATCH = 100

export function createEventStore(
  kv: Pick<PagedKv, 'page' | 'transaction'>,
  cluster: string,
): EventStore {
  const { events: prefix } = coordinationKeys(cluster)
  const keyOf = (id: string): string => `${prefix}${id}`
  return {
    page: async ({ from, before, ...options }) => {
      const { kvs, total } = await kv.page(prefix, {
        ...options,
        ...(from === undefined ? {} : { from: keyOf(from) }),
        ...(before === undefined ? {} : { before: keyOf(before) }),
      })
      const events = kvs.map(({ key, value }) => decodeEvent(key.slice(prefix.length), value))
      return { events, total }
    },
    remove: async (ids) => {
      for (let index = 0; index < ids.length; index += BATCH) {
        const batch = ids.slice(index, index + BATCH)
        await kv.transaction(
          [],
          batch.map((id) => ({ delete: keyOf(id) })),
        )
      }
    },
  }
}
