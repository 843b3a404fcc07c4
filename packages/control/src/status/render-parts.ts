/** Everything beside the members: a label on the left, one line per part or per kind of service on the right. */
import type { ClusterStatus, LastDrill } from '@neuronha/core/contracts/cluster-status.ts'
import { backupsLine } from '../backups/format-backups.ts'
import { bytes, count, duration } from '../observe/words.ts'
import { MARKS, type Colors } from './render-status.ts'
import { wrap } from './text-table.ts'

const LABEL_WIDTH = 13

interface Part {
  readonly name: string
  readonly healthy: boolean
  readonly detail: string
}

type State = 'good' | 'half' | 'bad'

const painter = (state: State, colors: Colors) => {
  if (state === 'good') return colors.green
  return state === 'half' ? colors.yellow : colors.red
}
const stateOf = ({ healthy }: Part): State => (healthy ? 'good' : 'bad')

const partLine = (part: Part, facts: readonly string[], width: number, colors: Colors) => {
  const state = stateOf(part)
  const words = part.healthy ? facts : [part.detail, ...facts]
  const text = words.filter((fact) => fact !== '').join(', ')
  const [first = '', ...rest] = wrap(`${part.name}  ${text}`, width - LABEL_WIDTH - 4)
  const shown = first.slice(part.name.length).trimEnd()
  const paint = part.healthy ? colors.dim : colors.red
  return [
    `${painter(state, colors)(MARKS[state])} ${part.name}${shown === '' ? '' : paint(shown)}`,
    ...rest.map((line) => `    ${paint(line)}`),
  ]
}

const section = (label: string, lines: readonly string[], colors: Colors): readonly string[] =>
  lines.map((line, index) =>
    index === 0 ? colors.dim(label.padEnd(LABEL_WIDTH)) + line : ' '.repeat(LABEL_WIDTH) + line,
  )

const grouped = (value: number): string => value.toString().replace(/\B(?=(\d{3})+$)/g, ' ')

/** `member-2, 3 and 4` would be clever; the cluster's own prefix is all that is cut. */
const short = (name: string, cluster: string): string =>
  name.startsWith(`${cluster}-`) ? name.slice(cluster.length + 1) : name

const edgeFacts = ({ kind, connections, requests_total }: ClusterStatus['edges'][number]) => [
  kind,
  connections === null ? '' : count(connections, 'connection'),
  requests_total === null ? '' : `${grouped(requests_total)} requests`,
]

const routerFacts = (
  { write_to, read_from, sessions }: ClusterStatus['routers'][number],
  cluster: string,
) => [
  write_to === null ? '' : `writes to ${short(write_to, cluster)}`,
  read_from.length === 0
    ? ''
    : `reads from ${read_from.map((name) => short(name, cluster)).join(' ')}`,
  sessions === null ? '' : count(sessions, 'session'),
]

/** All databases together, and by name those whose clients have to wait. */
const poolerFacts = ({ healthy, databases }: ClusterStatus['poolers'][number]) => {
  if (!healthy && databases.length === 0) return []
  const sum = (key: 'clients' | 'servers') =>
    databases.reduce((total, database) => total + database[key], 0)
  const queues = databases
    .filter(({ waiting }) => waiting > 0)
    .map(
      ({ name, waiting, max_wait_ms }) =>
        `${waiting} waiting for ${name}${max_wait_ms < 1 ? '' : `, up to ${duration(max_wait_ms)}`}`,
    )
  return [`${count(sum('clients'), 'client')} on ${count(sum('servers'), 'server')}`, ...queues]
}

const etcdFacts = ({ leader, db_bytes, detail, healthy }: ClusterStatus['etcd'][number]) => [
  leader ? 'leader' : '',
  healthy ? detail : '',
  db_bytes === null ? '' : bytes(db_bytes),
]

const serviceState = (service: ClusterStatus['services'][number]): State => {
  if (service.healthy) return 'good'
  return service.draining ? 'half' : 'bad'
}

/** `agent ●1 ●2 ✗3` and below it why the third does not serve. */
const serviceLines = (status: ClusterStatus, colors: Colors): readonly string[] => {
  const components = [...new Set(status.services.map(({ component }) => component))]
  return components.flatMap((component) => {
    const replicas = status.services.filter((service) => service.component === component)
    const marks = replicas.map((service) => {
      const state = serviceState(service)
      const ordinal = service.name.split('-').at(-1) ?? ''
      return painter(state, colors)(`${MARKS[state]}${ordinal}`)
    })
    const trouble = replicas
      .filter(({ healthy }) => !healthy)
      .map((service) => {
        const paint = painter(serviceState(service), colors)
        return `  ${service.name}  ${paint(service.detail)}`
      })
    return [`${component.padEnd(LABEL_WIDTH)}${marks.join(' ')}`, ...trouble]
  })
}

const backupLines = (
  { backups, observed_at }: ClusterStatus,
  width: number,
  colors: Colors,
): readonly string[] => [
  ...backupsLine(backups, Date.parse(observed_at)).flatMap((line) =>
    wrap(line, width - LABEL_WIDTH).map(colors.dim),
  ),
  ...backups.problems.flatMap((problem) =>
    partLine({ name: 'problem', healthy: false, detail: problem }, [], width, colors),
  ),
]

const VERDICTS: Readonly<Record<LastDrill['verdict'], string>> = {
  pass: 'passed',
  fail: 'failed',
  aborted: 'was given up',
}

/** `● primary-crash  passed 3 h ago, RTO 2.8 s` */
const drillLines = (
  { last_drill, observed_at }: ClusterStatus,
  width: number,
  colors: Colors,
): readonly string[] => {
  if (last_drill === null) return [colors.dim('none known')]
  const { drill, variant, verdict, rto_ms, started_at } = last_drill
  const name = variant === '' ? drill : `${drill} ${variant}`
  const age = duration(Math.max(0, Date.parse(observed_at) - Date.parse(started_at)))
  const words = `${VERDICTS[verdict]} ${age} ago`
  return partLine(
    { name, healthy: verdict === 'pass', detail: '' },
    [words, rto_ms === null ? '' : `RTO ${duration(rto_ms)}`],
    width,
    colors,
  )
}

export function renderParts(
  status: ClusterStatus,
  width: number,
  colors: Colors,
): readonly string[] {
  const { cluster } = status
  const lines = <T extends Part>(parts: readonly T[], facts: (part: T) => readonly string[]) =>
    parts.flatMap((part) => partLine(part, facts(part), width, colors))
  return [
    ...section('edge', lines(status.edges, edgeFacts), colors),
    ...section('services', serviceLines(status, colors), colors),
    ...section('poolers', lines(status.poolers, poolerFacts), colors),
    ...section(
      'routers',
      lines(status.routers, (router) => routerFacts(router, cluster)),
      colors,
    ),
    ...section('etcd', lines(status.etcd, etcdFacts), colors),
    ...section(
      'engine proxy',
      lines(status.engine_proxies, ({ host }) => [`engine of ${host}`]),
      colors,
    ),
    ...section(
      'controllers',
      lines(status.controllers, ({ active, healthy }) => [
        healthy ? (active ? 'active' : 'standby') : '',
      ]),
      colors,
    ),
    ...section(
      'prometheus',
      lines(status.prometheus, () => []),
      colors,
    ),
    ...section(
      'alertmanager',
      lines(status.alertmanagers, () => []),
      colors,
    ),
    ...section('backups', backupLines(status, width, colors), colors),
    ...section(
      'trial store',
      lines(status.backups.stores, () => ['on this machine: for trials']),
      colors,
    ),
    ...section('last drill', drillLines(status, width, colors), colors),
  ]
}

/** What the next failure would cost, by the model. */
export const predictedSection = (
  predicted: string | undefined,
  width: number,
  colors: Colors,
): readonly string[] =>
  predicted === undefined
    ? []
    : section('RTO', wrap(`predicted: ${predicted}`, width - LABEL_WIDTH).map(colors.dim), colors)
