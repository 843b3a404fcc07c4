/** Who is told when something is wrong: the part `notifications` of the cluster file, and its own rules. */
import { z } from 'zod'
import { durationMsOf, durationSchema } from './quantities.ts'

const severity = z
  .enum(['ticket', 'page'])
  .default('ticket')
  .describe('ticket: everything; page: only what somebody must get up for')

const webhook = z.strictObject({
  url: z
    .url({ protocol: /^https?$/ })
    .nullable()
    .default(null)
    .describe('Where Alertmanager posts its JSON; one that holds a secret belongs into urlFile'),
  urlFile: z.string().min(1).nullable().default(null).describe('File that holds the URL'),
  severity,
})

const mail = z.strictObject({
  smarthost: z
    .string()
    .regex(
      /^[A-Za-z0-9.-]+:\d{1,5}$/,
      'is not a mail server — write host:port, for example smtp.example.org:587',
    )
    .describe('Mail server, host:port'),
  from: z.email().describe('Sender'),
  to: z.array(z.email()).min(1).describe('Receivers'),
  usernameFile: z.string().min(1).nullable().default(null).describe('File that holds the login'),
  passwordFile: z.string().min(1).nullable().default(null).describe('File that holds the password'),
  requireTls: z
    .boolean()
    .default(true)
    .describe('false: also in the clear, to a relay on a network that you trust'),
  severity,
})

export const notifications = z
  .strictObject({
    webhooks: z.array(webhook).max(8).default([]).describe('Alerts as HTTP POST'),
    mail: mail.nullable().default(null).describe('Alerts as mail'),
    repeatEvery: durationSchema
      .default('4h')
      .describe('What goes on is said again this often, at least 1min'),
  })
  .prefault({})
  .describe('Who is told of alerts; none: Prometheus shows them, nobody is told')

export type Notifications = z.infer<typeof notifications>

interface Issue {
  readonly path: readonly (string | number)[]
  readonly message: string
}

const webhookIssues = (
  { url, urlFile }: Notifications['webhooks'][number],
  index: number,
): readonly Issue[] => {
  const path = ['notifications', 'webhooks', index]
  if (url === null && urlFile === null)
    return [{ path, message: 'has no address — give it url, or urlFile' }]
  if (url !== null && urlFile !== null)
    return [{ path, message: 'has two addresses — keep url or urlFile' }]
  if (url !== null && /^\w+:\/\/[^/]*@/.test(url))
    return [
      {
        path: [...path, 'url'],
        message: 'holds a password — put the URL into a file and name it with urlFile',
      },
    ]
  return []
}

const mailIssues = (mail: Notifications['mail']): readonly Issue[] => {
  if (mail === null || (mail.usernameFile === null) === (mail.passwordFile === null)) return []
  const missing = mail.usernameFile === null ? 'usernameFile' : 'passwordFile'
  return [
    {
      path: ['notifications', 'mail', missing],
      message: 'is missing — a login needs both files, a relay without login neither',
    },
  ]
}

const LEAST_REPEAT_MS = 60_000

/** What the schema alone cannot say. */
export const notificationIssues = ({
  webhooks,
  mail,
  repeatEvery,
}: Notifications): readonly Issue[] => [
  ...webhooks.flatMap(webhookIssues),
  ...mailIssues(mail),
  ...(durationMsOf(repeatEvery) < LEAST_REPEAT_MS
    ? [
        {
          path: ['notifications', 'repeatEvery'],
          message: `is too often (got ${repeatEvery}) — use 1min or more`,
        },
      ]
    : []),
]
