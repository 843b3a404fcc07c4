/** The handful of numbers that answer most questions. */
import type { ClusterStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { formatBytes, formatCount, formatMs, UNKNOWN } from '../ui/format.ts'
import classes from './ClusterFacts.module.css'
import { walBytesPerSecond, type ClusterView } from './history.ts'
import { shortNameOf } from './parts.ts'

interface ShownFact {
  readonly label: string
  readonly value: string
  readonly note: string
}

const largest = (values: readonly (number | null)[]): number | null => {
  const known = values.filter((value) => value !== null)
  return known.length === 0 ? null : Math.max(...known)
}

const primaryFact = (status: ClusterStatus): ShownFact => {
  const primary = status.members.find((member) => member.role === 'primary')
  if (primary === undefined) return { label: 'Primary', value: 'none', note: 'writes wait' }
  const timeline = primary.timeline === null ? '' : `timeline ${primary.timeline}`
  return { label: 'Primary', value: shortNameOf(status.cluster, primary.name), note: timeline }
}

/** `ANY 1 (a,b,c)` in words; anything else as it is. */
export const quorumText = (names: string | null): string => {
  const match = /^ANY (\d+) \(([^()]*)\)$/.exec(names ?? '')
  if (match?.[1] === undefined || match[2] === undefined) return names ?? ''
  return `wait for any ${match[1]} of ${match[2].split(',').length}`
}

const commitFact = (status: ClusterStatus): ShownFact => ({
  label: 'Commits',
  value: status.synchronous ? 'synchronous' : 'asynchronous',
  note: quorumText(status.synchronous_standby_names),
})

const lagFact = (status: ClusterStatus): ShownFact => {
  const standbys = status.members.filter((member) => member.role !== 'primary')
  return {
    label: 'Largest replay lag',
    value: formatBytes(largest(standbys.map((member) => member.lag_bytes))),
    note: formatMs(largest(standbys.map((member) => member.lag_ms))),
  }
}

const walFact = ({ samples }: ClusterView): ShownFact => {
  const rate = walBytesPerSecond(samples)
  return {
    label: 'WAL written',
    value: rate === null ? UNKNOWN : `${formatBytes(rate)}/s`,
    note: 'last 5 s',
  }
}

const poolFact = (status: ClusterStatus): ShownFact => {
  const databases = status.poolers.flatMap((pooler) => pooler.databases)
  const total = (key: 'clients' | 'waiting'): number =>
    databases.reduce((sum, database) => sum + database[key], 0)
  const waiting = total('waiting')
  return {
    label: 'Pooled clients',
    value: formatCount(total('clients')),
    note: waiting === 0 ? 'none waits' : `${formatCount(waiting)} waiting`,
  }
}

const automationFact = (status: ClusterStatus): ShownFact => ({
  label: 'Automatic failover',
  value: status.patroni_paused ? 'paused' : 'on',
  note: status.failsafe_active ? 'failsafe is active' : '',
})

export const ClusterFacts = ({ view }: { readonly view: ClusterView }) => {
  const { status } = view.observation
  const facts = [
    primaryFact(status),
    commitFact(status),
    lagFact(status),
    walFact(view),
    poolFact(status),
    automationFact(status),
  ]
  return (
    <dl className={classes['facts']}>
      {facts.map(({ label, value, note }) => (
        <div key={label} className={classes['fact']}>
          <dt>{label}</dt>
          <dd>
            {value}
            {note === '' ? null : (
              <span className={classes['note']} title={note}>
                {note}
              </span>
            )}
          </dd>
        </div>
      ))}
    </dl>
  )
}
