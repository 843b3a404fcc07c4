/** HAProxy's statistics page as CSV (routers, and edges of that kind) and nginx's stub_status. */
import { PlatformError } from '@neuronha/core/errors.ts'
import type { EdgeAnswer, ProxyServer, ProxyStatistics } from './raw-observation.ts'

/** Numbers of the CSV's `type` column. */
const FRONTEND = '0'
const SERVER = '2'
/** Sections of a router that only the platform itself talks to. */
const OWN_SECTIONS = new Set(['stats', 'guide'])

const numberOf = (text: string): number => Number(text) || 0

/** A server that HAProxy would send a connection to now: UP, also while it counts failing checks ("UP 1/2"). */
const isUp = (status: string): boolean => /^(UP|no check)\b/.test(status)

/** Parses `# pxname,svname,…`; fields that matter never hold a comma or a quote, and come before those that may. */
export function parseHaproxyStatistics(csv: string): ProxyStatistics {
  const [header, ...lines] = csv.split('\n').filter((line) => line !== '')
  if (header?.startsWith('# ') !== true)
    throw new PlatformError('UPSTREAM_FAILED', 'answered something else than HAProxy statistics')
  const columns = header.slice(2).split(',')
  const indexes = new Map(columns.map((column, index) => [column, index]))
  const rows = lines.map((line) => {
    const fields = line.split(',')
    return (column: string): string => fields[indexes.get(column) ?? -1] ?? ''
  })
  const proxies: Record<string, ProxyServer[]> = {}
  for (const row of rows.filter((field) => field('type') === SERVER))
    (proxies[row('pxname')] ??= []).push({
      name: row('svname'),
      up: isUp(row('status')),
      backup: row('bck') === '1',
    })
  // our own looks and words are no traffic
  const frontends = rows.filter(
    (row) => row('type') === FRONTEND && !OWN_SECTIONS.has(row('pxname')),
  )
  const sum = (valueOf: (row: (column: string) => string) => number): number =>
    frontends.reduce((total, row) => total + valueOf(row), 0)
  return {
    proxies,
    sessions: sum((row) => numberOf(row('scur'))),
    requests: sum((row) => numberOf(row('req_tot')) || numberOf(row('stot'))),
  }
}

/** `Active connections: 2`, then a line of three totals: accepted, handled, requests. */
export function parseStubStatus(text: string): EdgeAnswer {
  const connections = /^Active connections:\s+(\d+)/m.exec(text)?.[1]
  const requests = /^\s*\d+\s+\d+\s+(\d+)\s*$/m.exec(text)?.[1]
  if (connections === undefined || requests === undefined)
    throw new PlatformError('UPSTREAM_FAILED', 'answered something else than nginx status')
  return { connections: Number(connections), requests: Number(requests) }
}
