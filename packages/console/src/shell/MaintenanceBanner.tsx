/** On every page while maintenance is on: who wonders why nothing is repaired must not have to ask. */
import { useQuery } from '@tanstack/react-query'
import type { ClusterView } from '../cluster/history.ts'
import { clusterQuery } from '../cluster/use-cluster.ts'
import { formatClock } from '../ui/format.ts'
import { Notice } from '../ui/Notice.tsx'
import classes from './MaintenanceBanner.module.css'

/** The cluster page asks more often; elsewhere this is soon enough. */
const POLL_MS = 5_000

const maintenanceOf = ({ observation }: ClusterView) => observation.status.maintenance

export const MaintenanceBanner = () => {
  const { data } = useQuery({ ...clusterQuery, refetchInterval: POLL_MS, select: maintenanceOf })
  if (data === undefined || data === null) return null
  const since = new Date(data.since)
  const day = since.toLocaleDateString('en-GB', { day: 'numeric', month: 'long' })
  return (
    <div className={classes['banner']}>
      <Notice tone="warn" title={`Maintenance: ${data.why}`}>
        On since {day}, {formatClock(since)}, by {data.by}. The controllers repair nothing until it
        is over.
      </Notice>
    </div>
  )
}
