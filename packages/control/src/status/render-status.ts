/**
 * What `neuronha status` prints: is it well, what is wrong, then the members in patronictl's words and columns, then
 * every other part. The shape of a mark says what its colour says, for those who see no colour.
 */
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { DISK_CRITICAL, DISK_WARNING } from '@neuronha/core/alerts/capacity-alerts.ts'
import picocolors from 'picocolors'
import { describeMaintenance } from '../coordination/maintenance.ts'
import { duration } from '../observe/words.ts'
import { predictedSection, renderParts } from './render-parts.ts'
import { renderTable, tableWidth, wrap, type Cell, type Column } from './text-table.ts'

export interface RenderStatusOptions {
  readonly color: boolean
  /** Columns of the terminal. */
  readonly width: number
  /** What the cluster file predicts, in one line. */
  readonly predicted?: string
  /** When given, the headline tells the age of what it shows, and says when it is stale. */
  readonly now?: Date
}

export type Colors = ReturnType<typeof picocolors.createColors>

/** Older than this is stale: an active controller looks every second while somebody watches. */
export const STALE_AFTER_MS = 5000

export const MARKS = { good: '●', half: '◐', bad: '✗' } as const

const HEADLINES = {
  healthy: { mark: MARKS.good, words: 'healthy' },
  degraded: { mark: MARKS.half, words: 'degraded' },
  down: { mark: MARKS.bad, words: 'down' },
} as const

const paintOfHealth = (health: ClusterStatus['health'], colors: Colors) => {
  if (health === 'healthy') return colors.green
  return health === 'degraded' ? colors.yellow : colors.red
}

const seenAt = (status: ClusterStatus, now: Date | undefined, colors: Colors) => {
  const by = `${status.observed_at.slice(11, 19)} UTC by ${status.observer}`
  if (now === undefined) return { words: by, paint: colors.dim }
  const ageMs = Math.max(0, now.getTime() - Date.parse(status.observed_at))
  const aged = `${duration(ageMs)} old, ${by}`
  if (ageMs <= STALE_AFTER_MS) return { words: aged, paint: colors.dim }
  return { words: `STALE: ${aged}`, paint: (text: string) => colors.bold(colors.red(text)) }
}

const headline = (
  status: ClusterStatus,
  { width, now }: RenderStatusOptions,
  colors: Colors,
): readonly string[] => {
  const { mark, words } = HEADLINES[status.health]
  const paint = paintOfHealth(status.health, colors)
  const left = `${mark} ${status.cluster} is ${words}`
  const painted = `${paint(mark)} ${colors.bold(status.cluster)} is ${colors.bold(paint(words))}`
  const seen = seenAt(status, now, colors)
  const room = width - left.length - seen.words.length
  if (room >= 2) return [painted + ' '.repeat(room) + seen.paint(seen.words)]
  return [painted, ...wrap(seen.words, width).map(seen.paint)]
}

/** Right below the headline: whoever looks must know that nothing is repaired now. */
const maintenanceBanner = (
  { maintenance }: ClusterStatus,
  { width }: RenderStatusOptions,
  colors: Colors,
): readonly string[] => {
  if (maintenance === null) return []
  const words = `Maintenance ${describeMaintenance(maintenance)}`
  const lines = [...wrap(words, width - 4), ...wrap('The controllers repair nothing.', width - 4)]
  return lines.map((line, index) =>
    index === 0
      ? `  ${colors.yellow(MARKS.half)} ${colors.bold(colors.yellow(line))}`
      : `    ${colors.yellow(line)}`,
  )
}

const reasons = (
  status: ClusterStatus,
  { width }: RenderStatusOptions,
  colors: Colors,
): readonly string[] => {
  const paint = paintOfHealth(status.health, colors)
  return status.reasons.flatMap((reason) =>
    wrap(reason, width - 4).map((line, index) =>
      index === 0 ? `  ${paint('!')} ${line}` : `    ${line}`,
    ),
  )
}

/** patronictl's words for roles. Patroni runs in quorum mode here; only a list without ANY says otherwise. */
const roleWords = ({ role }: MemberStatus, status: ClusterStatus): string => {
  const quorum = /^\s*(ANY\b|\*|$)/i.test(status.synchronous_standby_names ?? '')
  switch (role) {
    case 'primary':
      return 'Leader'
    case 'sync standby':
      return quorum ? 'Quorum Standby' : 'Sync Standby'
    case 'standby':
      return 'Replica'
    case 'unknown':
      return 'unknown'
  }
}

/** patronictl rounds to whole megabytes, which hides the lag that matters to reads. */
const megabytes = (bytes: number | null): string => {
  if (bytes === null) return ''
  const value = bytes / 1024 ** 2
  if (value === 0 || value >= 10) return value.toFixed(0)
  return Math.max(value, 0.1).toFixed(1)
}

const diskCell = (disk: MemberStatus['disk'], colors: Colors): Cell => {
  const used = disk?.used_ratio ?? 0
  const text = disk === null ? '' : `${Math.round(used * 100)} %`
  if (used > DISK_CRITICAL) return { text, paint: colors.red }
  return { text, paint: used > DISK_WARNING ? colors.yellow : colors.dim }
}

const GOOD_STATES: readonly string[] = ['running', 'streaming']

interface MemberColumn extends Column {
  readonly cell: (member: MemberStatus) => Cell
  /** Columns of the lowest rank leave first when the terminal is narrow. */
  readonly rank: number
}

const memberColumns = (status: ClusterStatus, colors: Colors): readonly MemberColumn[] => {
  const dim = (text: string | null): Cell => ({ text: text ?? '', paint: colors.dim })
  const domains = new Set(status.members.map(({ host }) => host)).size
  const columns: readonly MemberColumn[] = [
    { title: 'Member', rank: 9, cell: ({ name }) => ({ text: name }) },
    { title: 'Host', rank: 4, cell: ({ address }) => dim(address) },
    ...(domains > 1
      ? [{ title: 'Domain', rank: 3, cell: ({ host }: MemberStatus) => dim(host) }]
      : []),
    {
      title: 'Role',
      rank: 9,
      cell: (member) => ({
        text: roleWords(member, status),
        ...(member.role === 'primary' ? { paint: colors.bold } : {}),
      }),
    },
    {
      title: 'State',
      rank: 8,
      cell: ({ state }) => ({
        text: state,
        paint: GOOD_STATES.includes(state) ? colors.green : colors.red,
      }),
    },
    {
      title: 'TL',
      rank: 5,
      align: 'right',
      cell: ({ timeline }) => dim(timeline?.toString() ?? ''),
    },
    {
      title: 'Lag in MB',
      rank: 6,
      align: 'right',
      cell: ({ lag_bytes }) => ({ text: megabytes(lag_bytes) }),
    },
    {
      title: 'Lag in ms',
      rank: 7,
      align: 'right',
      cell: ({ lag_ms }) => ({ text: lag_ms?.toString() ?? '' }),
    },
    {
      title: 'Clients',
      rank: 2,
      align: 'right',
      cell: ({ connections }) => dim(connections?.toString() ?? ''),
    },
    { title: 'Disk', rank: 2, align: 'right', cell: ({ disk }) => diskCell(disk, colors) },
    { title: 'Version', rank: 1, cell: ({ version }) => dim(version) },
  ]
  if (!status.members.some((member) => member.pending_restart)) return columns
  const pending: MemberColumn = {
    title: 'Pending restart',
    rank: 3,
    cell: ({ pending_restart }) => ({ text: pending_restart ? '*' : '', paint: colors.yellow }),
  }
  return [...columns, pending]
}

const members = (
  status: ClusterStatus,
  { width }: RenderStatusOptions,
  colors: Colors,
): readonly string[] => {
  let columns = memberColumns(status, colors)
  const rowsOf = () => status.members.map((member) => columns.map(({ cell }) => cell(member)))
  while (columns.length > 3 && tableWidth(columns, rowsOf()) > width) {
    const least = Math.min(...columns.map(({ rank }) => rank))
    columns = columns.filter(({ rank }) => rank !== least)
  }
  return renderTable(columns, rowsOf(), colors.dim)
}

const commitLine = (status: ClusterStatus, { width }: RenderStatusOptions, colors: Colors) => {
  const names = status.synchronous_standby_names
  if (names === null) return []
  const spaced = names.replaceAll(',', ', ').replaceAll('"', '')
  const words = names === '' ? 'Commits wait for no standby' : `Commits wait for ${spaced}`
  return wrap(words, width - 2).map((line, index) => colors.dim(index === 0 ? line : `  ${line}`))
}

/** The whole picture as text, without a final newline. */
export function renderStatus(status: ClusterStatus, options: RenderStatusOptions): string {
  const colors = picocolors.createColors(options.color)
  const sections = [
    [
      ...headline(status, options, colors),
      ...maintenanceBanner(status, options, colors),
      ...reasons(status, options, colors),
    ],
    [...members(status, options, colors), ...commitLine(status, options, colors)],
    [
      ...renderParts(status, options.width, colors),
      ...predictedSection(options.predicted, options.width, colors),
    ],
  ]
  return sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')
}
