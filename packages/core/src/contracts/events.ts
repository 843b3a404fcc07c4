/** The audit log over HTTP: the controllers' `GET /v1/events`, which the desktop API passes on as `/api/v1/events`. */
import { z } from 'zod'
import { platformEvent, severity } from './coordination.ts'

/** How long an event is kept in PostgreSQL. */
export const EVENT_RETENTION_DAYS = 90

const MAX_EVENTS = 500

export const eventsQuery = z.strictObject({
  since: z.iso.datetime({ offset: true }).optional().describe('Only events from then on'),
  before: z
    .string()
    .regex(/^[0-9a-z]{1,40}$/)
    .optional()
    .describe('An event’s id: only events that are older'),
  kind: z
    .string()
    .max(100)
    .regex(/^[a-z][a-z0-9.-]*$/)
    .optional()
    .describe('How the kind begins: `failover`, `cli.up`, …'),
  severity: severity.optional().describe('At least this severe'),
  limit: z.coerce.number().int().min(1).max(MAX_EVENTS).default(100),
})
export type EventsQuery = z.infer<typeof eventsQuery>

export const eventsPage = z
  .object({
    items: z.array(platformEvent).describe('The newest that were asked for, the newest last'),
    has_older: z.boolean().describe('There are more, older than the first item'),
    incomplete: z
      .array(z.string())
      .describe('Why events may be missing: which store did not answer; empty when none are'),
  })
  .meta({ id: 'EventsPage' })
export type EventsPage = z.infer<typeof eventsPage>
