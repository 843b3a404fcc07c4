/** The live topology: health first, then the picture, the members, and what changed. */
import { useMediaQuery } from '@mantine/hooks'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { lazy, Suspense, useEffect, useMemo } from 'react'
import { Changes } from '../cluster/Changes.tsx'
import { ClusterFacts } from '../cluster/ClusterFacts.tsx'
import { FreshnessLabel, StaleNotice } from '../cluster/Freshness.tsx'
import type { ClusterView } from '../cluster/history.ts'
import { HealthHeadline } from '../cluster/HealthHeadline.tsx'
import { headlineOf } from '../cluster/headline.ts'
import { MemberTable } from '../cluster/MemberTable.tsx'
import { PartDetails } from '../cluster/PartDetails.tsx'
import { partsOf } from '../cluster/parts.ts'
import { cardsOf } from '../cluster/topology-cards.ts'
import { TopologyStack } from '../cluster/TopologyStack.tsx'
import { useCluster, useFreshness } from '../cluster/use-cluster.ts'
import type { DisplayError } from '../api/errors.ts'
import { paths } from '../paths.ts'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Placeholder } from '../ui/Placeholder.tsx'
import classes from './ClusterPage.module.css'

const TopologyGraph = lazy(() =>
  import('../cluster/TopologyGraph.tsx').then((module) => ({ default: module.TopologyGraph })),
)

/** Below this the picture's text would be too small to read. */
const GRAPH_MEDIA = '(min-width: 1240px)'
const GRAPH_HEIGHT = 560

const route = getRouteApi('/signed-in/cluster')

export const ClusterPage = () => {
  const { view, error, retry } = useCluster()
  if (view !== undefined) return <LiveCluster view={view} error={error} />
  return (
    <div className={classes['page']}>
      <h1 className="visually-hidden">Cluster</h1>
      {error === null ? (
        <div role="status" aria-label="Loading the topology" className={classes['loading']}>
          <Placeholder height={84} />
          <Placeholder height={64} />
          <Placeholder height={420} />
        </div>
      ) : (
        <>
          <ErrorNotice error={error} onRetry={retry} />
          <p className={classes['waiting']}>Trying again each second.</p>
        </>
      )}
    </div>
  )
}

interface LiveClusterProps {
  readonly view: ClusterView
  readonly error: DisplayError | null
}

const LiveCluster = ({ view, error }: LiveClusterProps) => {
  const { status } = view.observation
  const { part: partName } = route.useSearch()
  const navigate = useNavigate()
  const freshness = useFreshness(view, error !== null)
  const isStale = freshness.kind === 'stale'
  const { word } = headlineOf(status)
  useEffect(() => {
    document.title = `${isStale ? 'Stale' : word} · ${status.cluster} · NeuronDesktop`
  }, [isStale, word, status.cluster])
  const parts = useMemo(() => partsOf(status), [status])
  const select = (name: string | null): void =>
    void navigate({ ...paths.cluster(name ?? undefined), replace: partName !== undefined })

  return (
    <div className={classes['page']} data-stale={isStale}>
      <div className={classes['top']}>
        <h1>{status.cluster}</h1>
        <FreshnessLabel
          freshness={freshness}
          observer={status.observer}
          cluster={status.cluster}
          isFailing={error !== null}
        />
      </div>
      {isStale ? <StaleNotice freshness={freshness} status={status} error={error} /> : null}
      <div className={classes['content']}>
        <HealthHeadline status={status} isStale={isStale} />
        <ClusterFacts view={view} />
        <Topology view={view} isStale={isStale} selected={partName ?? null} onSelect={select} />
        <MemberTable view={view} selected={partName ?? null} onSelect={select} />
        <Changes view={view} onSelect={select} />
      </div>
      <PartDetails
        name={partName ?? null}
        part={parts.find((part) => part.name === partName) ?? null}
        isStale={isStale}
        onClose={() => select(null)}
      />
    </div>
  )
}

interface TopologyProps {
  readonly view: ClusterView
  readonly isStale: boolean
  readonly selected: string | null
  readonly onSelect: (name: string) => void
}

const Topology = ({ view, isStale, selected, onSelect }: TopologyProps) => {
  const { status } = view.observation
  const isWide = useMediaQuery(GRAPH_MEDIA, undefined, { getInitialValueInEffect: false })
  return (
    <section aria-labelledby="topology-title" className={classes['section']}>
      <h2 id="topology-title" className="visually-hidden">
        Topology
      </h2>
      {isWide ? (
        <Suspense fallback={<Placeholder height={GRAPH_HEIGHT} />}>
          <TopologyGraph
            status={status}
            isStale={isStale}
            selected={selected}
            onSelect={onSelect}
          />
        </Suspense>
      ) : (
        <TopologyStack cards={cardsOf(status)} selected={selected} onSelect={onSelect} />
      )}
    </section>
  )
}
