/** Those who are told: a webhook and a mail server on the cluster's bridge, which remember what they were sent. */
import { createServer as createHttpServer } from 'node:http'
import { createServer as createTcpServer, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** What Alertmanager posts, as far as tests look at it. */
export interface WebhookMessage {
  readonly status: 'firing' | 'resolved'
  readonly receiver: string
  readonly alerts: readonly {
    readonly status: 'firing' | 'resolved'
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }[]
}

export interface Receivers {
  readonly posts: readonly WebhookMessage[]
  /** Whole mails, headers and text, decoded. */
  readonly mails: readonly string[]
  readonly close: () => Promise<void>
}

/** Listens where the test cluster's file says that it should be told. */
export async function startReceivers(options: {
  readonly address: string
  readonly webhookPort: number
  readonly mailPort: number
}): Promise<Receivers> {
  const posts: WebhookMessage[] = []
  const mails: string[] = []
  const webhook = createHttpServer((request, response) => {
    let body = ''
    request.setEncoding('utf8')
    request.on('data', (part: string) => (body += part))
    request.on('end', () => {
      posts.push(JSON.parse(body) as WebhookMessage)
      response.end()
    })
  })
  const mail = createTcpServer((socket) => answerMail(socket, (text) => mails.push(text)))
  const { address, webhookPort, mailPort } = options
  await new Promise<void>((resolve) => webhook.listen(webhookPort, address, resolve))
  await new Promise<void>((resolve) => mail.listen(mailPort, address, resolve))
  return {
    posts,
    mails,
    close: async () => {
      webhook.closeAllConnections()
      await Promise.all([
        new Promise((resolve) => webhook.close(resolve)),
        new Promise((resolve) => mail.close(resolve)),
      ])
    },
  }
}

const ANSWERS: readonly (readonly [RegExp, string])[] = [
  [/^EHLO/i, '250 receiver'],
  [/^(MAIL|RCPT|RSET|NOOP|HELO)/i, '250 yes'],
  [/^DATA/i, '354 go on'],
  [/^QUIT/i, '221 bye'],
]

/** As much of SMTP as one sender needs. */
function answerMail(socket: Socket, onMail: (text: string) => void): void {
  let buffer = ''
  let message: string[] | undefined
  const onLine = (line: string): void => {
    if (message === undefined) {
      socket.write(`${ANSWERS.find(([verb]) => verb.test(line))?.[1] ?? '502 no'}\r\n`)
      if (/^DATA/i.test(line)) message = []
      return
    }
    if (line !== '.') {
      message.push(line)
      return
    }
    onMail(decodeQuotedPrintable(message.join('\n')))
    message = undefined
    socket.write('250 taken\r\n')
  }
  socket.setEncoding('utf8')
  socket.on('error', () => socket.destroy())
  socket.write('220 receiver\r\n')
  socket.on('data', (part: string) => {
    const lines = (buffer + part).split('\r\n')
    buffer = lines.pop() ?? ''
    lines.forEach(onLine)
  })
}

const decodeQuotedPrintable = (text: string): string =>
  text
    .replace(/=\n/g, '')
    .replace(/=([0-9A-F]{2})/g, (_all, hex: string) => String.fromCharCode(parseInt(hex, 16)))

/** The first of what there is, or comes within the time. */
export async function waitFor<T>(
  what: string,
  find: () => T | undefined,
  timeoutMs: number,
): Promise<T> {
  for (let waited = 0; waited < timeoutMs; waited += 250) {
    const found = find()
    if (found !== undefined) return found
    await delay(250)
  }
  throw new Error(`${what} did not come within ${timeoutMs} ms`)
}
