/** The audit log: the newest are asked for again and again, older ones when somebody wants to see them. */
import type { Severity } from '@neuronha/core/contracts/coordination.ts'
import { eventsPage, type EventsPage } from '@neuronha/core/contracts/events.ts'
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { request } from '../api/client.ts'
import { toDisplayError, type DisplayError } from '../api/errors.ts'
import { areaOf, withNewest, withOlder, type EventsView } from './events-view.ts'

const POLL_MS = 2_000
const TIMEOUT_MS = 8_000
const PAGE_SIZE = 100

export interface EventsFilter {
  /** At least so severe. */
  readonly severity?: Severity | undefined
  /** How the kind begins. */
  readonly kind?: string | undefined
}

const load = async (
  { severity, kind }: EventsFilter,
  before: string | undefined,
  signal?: AbortSignal,
): Promise<EventsPage> => {
  const search = new URLSearchParams({ limit: String(PAGE_SIZE) })
  if (severity !== undefined) search.set('severity', severity)
  if (kind !== undefined) search.set('kind', kind)
  if (before !== undefined) search.set('before', before)
  const path = `/api/v1/events?${search.toString()}`
  return (await request({ path, schema: eventsPage, timeoutMs: TIMEOUT_MS, signal })).body
}

const eventsQuery = (filter: EventsFilter) => {
  const queryKey = ['events', filter.severity ?? '', filter.kind ?? ''] as const
  return queryOptions({
    queryKey,
    queryFn: async ({ client, signal }): Promise<EventsView> => {
      const page = await load(filter, undefined, signal)
      return withNewest(client.getQueryData<EventsView>(queryKey), page)
    },
    refetchInterval: POLL_MS,
    refetchOnWindowFocus: 'always',
    staleTime: 0,
    retry: false,
  })
}

export interface Events {
  /** Undefined until the first answer. */
  readonly view: EventsView | undefined
  /** Of the newest request; null when it succeeded. */
  readonly error: DisplayError | null
  readonly retry: () => void
  readonly older: {
    readonly load: () => void
    readonly isLoading: boolean
    readonly error: DisplayError | null
  }
}

const displayOf = (thrown: unknown): DisplayError | null =>
  thrown === null ? null : toDisplayError(thrown)

export const useEvents = (filter: EventsFilter): Events => {
  const client = useQueryClient()
  const options = eventsQuery(filter)
  const query = useQuery(options)
  const older = useMutation({
    mutationFn: () => load(filter, query.data?.items.at(-1)?.id),
    onSuccess: (page) =>
      client.setQueryData(options.queryKey, (view) =>
        view === undefined ? undefined : withOlder(view, page),
      ),
  })
  return {
    view: query.data,
    error: displayOf(query.error),
    retry: () => void query.refetch(),
    older: {
      load: () => older.mutate(),
      isLoading: older.isPending,
      error: displayOf(older.error),
    },
  }
}

const NO_FILTER: EventsFilter = {}

/** What kinds begin with. A filter hides the other areas' events, not the way to them. */
export const useKnownAreas = (filter: EventsFilter): readonly string[] => {
  const client = useQueryClient()
  const views = [NO_FILTER, filter].map((one) => client.getQueryData(eventsQuery(one).queryKey))
  const seen = views.flatMap((view) => (view?.items ?? []).map(({ kind }) => areaOf(kind)))
  return [...new Set([...seen, ...(filter.kind === undefined ? [] : [filter.kind])])].sort()
}
