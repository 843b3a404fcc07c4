/** The audit log that the mock shows: a lost host, its repair, and what people did before. */
import type { NewEvent, PlatformEvent, Severity } from '@neuronha/core/contracts/coordination.ts'
import { eventsPage, eventsQuery, type EventsPage } from '@neuronha/core/contracts/events.ts'
import type { Scenario } from './cluster.ts'

const CLUSTER = 'neurondb'
const SEVERITIES: readonly Severity[] = ['info', 'warning', 'critical']

/** Seconds ago, and what happened then. */
const STORY: readonly (readonly [number, NewEvent])[] = [
  [
    41,
    {
      kind: 'cluster.health',
      summary: `${CLUSTER} is healthy`,
      evidence: { reasons: [] },
    },
  ],
  [
    44,
    {
      kind: 'failover.done',
      summary: `${CLUSTER}-member-2 is primary, 1.9 s after the death; every member streams again`,
      target: `${CLUSTER}-member-2`,
      evidence: { timeline: 5, stallMs: 1912, electable: ['member-2', 'member-3', 'member-4'] },
    },
  ],
  [
    52,
    {
      kind: 'failover.revoked',
      severity: 'critical',
      summary: `The dead primary’s lease was revoked; the standbys race`,
      target: `${CLUSTER}-member-1`,
      evidence: {
        leader: { value: `${CLUSTER}-member-1`, mod_revision: '88213', lease: '7587880' },
        sync: { leader: `${CLUSTER}-member-1`, mod_revision: '88190', voters: 4, quorum: 2 },
        transaction: 'succeeded at revision 88231',
      },
    },
  ],
  [
    53,
    {
      kind: 'failover.confirmed',
      severity: 'critical',
      summary: `${CLUSTER}-member-1 is dead: its container ended and stays down`,
      target: `${CLUSTER}-member-1`,
      evidence: { status: 'exited', exitCode: 137, oomKilled: false, restarting: false, pid: 0 },
    },
  ],
  [
    53,
    {
      kind: 'cluster.health',
      severity: 'critical',
      summary: `${CLUSTER} is down: no member is primary`,
      evidence: {
        reasons: [
          'no member is primary: writes wait',
          `${CLUSTER}-member-1 does not answer (no route to it)`,
        ],
      },
    },
  ],
  [4000, { kind: 'maintenance.off', summary: 'Maintenance is over after 38 min: new disks' }],
  [
    6300,
    {
      kind: 'maintenance.on',
      severity: 'warning',
      summary: 'Maintenance begins: new disks',
      actor: 'ana@host-1',
      evidence: { command: './neuronha maintenance on --why "new disks"' },
    },
  ],
  [
    90_000,
    {
      kind: 'cli.up',
      summary: 'up: 12 steps, and every part is healthy',
      actor: 'ben@host-1',
      evidence: {
        command: './neuronha up --yes',
        steps: [
          'write configuration files',
          'replace neurondb-agent-1',
          'replace neurondb-agent-2',
        ],
      },
    },
  ],
  [
    90_400,
    {
      kind: 'controller.active',
      summary: `${CLUSTER}-controller-1 is the active controller now`,
      target: `${CLUSTER}-controller-1`,
    },
  ],
]

const START_MS = Date.now()
const OLDER = 240

const eventAt = (secondsAgo: number, event: NewEvent, number: number): PlatformEvent => {
  const atMs = START_MS - secondsAgo * 1000
  return {
    id: atMs.toString(36).padStart(9, '0') + number.toString(36).padStart(8, '0'),
    at: new Date(atMs).toISOString(),
    source: event.kind.startsWith('cli') ? 'cli' : `${CLUSTER}-controller-1`,
    actor: event.actor ?? 'controller',
    kind: event.kind,
    severity: event.severity ?? 'info',
    summary: event.summary,
    target: event.target ?? null,
    evidence: event.evidence ?? {},
  }
}

const EVENTS: readonly PlatformEvent[] = [
  ...STORY.map(([secondsAgo, event], index) => eventAt(secondsAgo, event, STORY.length - index)),
  ...Array.from({ length: OLDER }, (_, index) =>
    eventAt(
      100_000 + index * 5400,
      { kind: 'cli.drill.finished', summary: 'drill primary-crash: pass, RTO 1.7 s' },
      index,
    ),
  ),
].toReversed()

/** GET /api/v1/events. */
export const eventsOf = (scenario: Scenario, { searchParams }: URL): EventsPage => {
  const query = eventsQuery.parse(Object.fromEntries(searchParams))
  const fitting = EVENTS.filter(
    ({ id, kind, severity }) =>
      (query.before === undefined || id < query.before) &&
      (query.kind === undefined || kind.startsWith(query.kind)) &&
      SEVERITIES.indexOf(severity) >= SEVERITIES.indexOf(query.severity ?? 'info'),
  )
  return eventsPage.parse({
    items: fitting.slice(-query.limit),
    has_older: fitting.length > query.limit,
    incomplete:
      scenario === 'no-primary'
        ? ['there is no primary: archived events are as neurondb-member-2 knows them']
        : [],
  })
}
