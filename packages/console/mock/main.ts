/**
 * The mock's server: `node mock/main.ts [--port 5181] [--scenario healthy]`. Serves the API's contracts and
 * dist/ under the content security policy of production. A development tool; nothing ships it.
 */
import { HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { CSRF_HEADER, signedIn, signInInput } from '@neuronha/core/contracts/desktop.ts'
import { PROBLEM_CONTENT_TYPE, problemOf } from '@neuronha/core/contracts/problem.ts'
import { PlatformError, toPlatformError } from '@neuronha/core/errors.ts'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { extname, join, normalize } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { aStore, readAgentApi, storeMessage, writeAgentApi, type Answer } from './agent.ts'
import { SCENARIOS, statusOf, type Scenario } from './cluster.ts'
import { eventsOf } from './events.ts'

const CSP =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; base-uri 'none'; object-src 'none'; frame-ancestors 'none'; form-action 'self'"
const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
}
const DIST = join(import.meta.dirname, '../dist')
const CHUNK_MS = 30
const CSRF_TOKEN = 'mock-csrf-token'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5181' },
    scenario: { type: 'string', default: 'healthy' },
  },
})

const scenarioName = z.enum(SCENARIOS)
const store = aStore()
let scenario: Scenario = scenarioName.parse(values.scenario)
let sinceMs = Date.now()
let attempts = 0

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' })
  response.end(JSON.stringify(body))
}

const bodyOf = async (request: IncomingMessage): Promise<unknown> => {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return chunks.length === 0 ? undefined : JSON.parse(Buffer.concat(chunks).toString())
}

const emailOf = (request: IncomingMessage): string | null => {
  const email = /neuronha_session=([^;]+)/.exec(request.headers.cookie ?? '')?.[1]
  return email === undefined ? null : decodeURIComponent(email)
}

const sessionOf = (email: string) =>
  signedIn.parse({
    account: {
      id: '01999999-0000-7000-8000-000000000001',
      email,
      role: email.startsWith('viewer') ? 'viewer' : 'admin',
    },
    csrf_token: CSRF_TOKEN,
    expires_at: new Date(Date.now() + 8 * 3_600_000).toISOString(),
  })

const signIn = (response: ServerResponse, body: unknown): void => {
  const { email, password } = signInInput.parse(body)
  if (password !== 'mock')
    throw new PlatformError('UNAUTHENTICATED', 'E-mail or password is wrong.')
  const cookie = `neuronha_session=${encodeURIComponent(email)}; Path=/; HttpOnly; SameSite=Lax`
  response.setHeader('set-cookie', cookie)
  json(response, 200, sessionOf(email))
}

const auth = async (request: IncomingMessage, response: ServerResponse, verb: string) => {
  if (verb === 'sign-in') {
    signIn(response, await bodyOf(request))
    return
  }
  const email = emailOf(request)
  if (email === null) throw new PlatformError('UNAUTHENTICATED', 'Nobody is signed in.')
  if (verb === 'sign-out') {
    response.setHeader('set-cookie', 'neuronha_session=; Path=/; Max-Age=0')
    response.writeHead(204).end()
    return
  }
  json(response, 200, sessionOf(email))
}

const event = (response: ServerResponse, name: string, data: unknown): void => {
  response.write(`event: ${name}\ndata: ${JSON.stringify(data)}\n\n`)
}

/** Streams an answer; `breakAt` ends the connection after so many chunks. */
const stream = async (
  response: ServerResponse,
  { message, answer }: Answer,
  breakAt: number | null,
): Promise<void> => {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  event(response, 'message', message)
  const words = answer.content.split(/(?<= )/)
  for (const [index, content] of words.entries()) {
    if (index === breakAt) {
      response.destroy()
      return
    }
    event(response, 'chunk', { content })
    await pause(CHUNK_MS)
  }
  event(response, 'done', { ...answer, last_write: 'mock-token' })
  response.end()
}

const postMessage = async (
  response: ServerResponse,
  path: string,
  body: unknown,
  key: string,
): Promise<void> => {
  const isFlaky = scenario === 'flaky'
  attempts += 1
  if (isFlaky && attempts % 3 === 1)
    throw new PlatformError('DATABASE_UNAVAILABLE', 'No primary answered in time.')
  const answer = storeMessage(store, path.split('/')[2] ?? '', body, key)
  await stream(response, answer, isFlaky && attempts % 3 === 2 ? 20 : null)
}

const agentApi = async (
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
): Promise<void> => {
  if (emailOf(request) === null) throw new PlatformError('UNAUTHENTICATED', 'Nobody is signed in.')
  if (request.method === 'GET') {
    json(response, 200, readAgentApi(store, path))
    return
  }
  const key = request.headers[HEADERS.idempotencyKey]
  if (typeof key !== 'string') throw new PlatformError('BAD_REQUEST', 'Idempotency-Key is missing.')
  if (request.headers[CSRF_HEADER] !== CSRF_TOKEN)
    throw new PlatformError('FORBIDDEN', 'The CSRF token does not match.')
  const body = await bodyOf(request)
  if (path.endsWith('/messages')) await postMessage(response, path, body, key)
  else json(response, 201, writeAgentApi(store, path, body, key))
}

const serveFile = async (response: ServerResponse, path: string): Promise<void> => {
  const file = normalize(join(DIST, path))
  const isFile = file.startsWith(DIST) && extname(file) !== ''
  const served = isFile ? file : join(DIST, 'index.html')
  const text = await readFile(served).catch(() => null)
  if (text === null) throw new PlatformError('NOT_FOUND', 'No such file.')
  response.writeHead(200, {
    'content-type': TYPES[extname(served)] ?? 'application/octet-stream',
    'content-security-policy': CSP,
  })
  response.end(text)
}

const route = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const url = new URL(request.url ?? '/', 'http://mock')
  const { pathname } = url
  if (pathname.startsWith('/mock/scenario/')) {
    scenario = scenarioName.parse(pathname.split('/')[3])
    sinceMs = Date.now()
    json(response, 200, { scenario })
    return
  }
  if (!pathname.startsWith('/api/')) {
    await serveFile(response, pathname)
    return
  }
  if (scenario === 'silent') return
  const [, , , noun, verb] = pathname.split('/')
  if (noun === 'auth') {
    await auth(request, response, verb ?? '')
    return
  }
  if (scenario === 'broken')
    throw new PlatformError('UNAVAILABLE', 'No controller answers at the moment.')
  if (noun === 'agent') {
    await agentApi(request, response, pathname.slice('/api/v1/agent'.length))
    return
  }
  if (emailOf(request) === null) throw new PlatformError('UNAUTHENTICATED', 'Nobody is signed in.')
  json(
    response,
    200,
    noun === 'events' ? eventsOf(scenario, url) : statusOf(scenario, Date.now(), sinceMs),
  )
}

const answerError = (response: ServerResponse, thrown: unknown): void => {
  const error =
    thrown instanceof z.ZodError
      ? new PlatformError('BAD_REQUEST', 'The request does not fit.', {
          details: {
            errors: thrown.issues.map(({ path, message }) => ({ path: path.join('/'), message })),
          },
        })
      : toPlatformError(thrown)
  const problem = problemOf(error, randomUUID())
  response.writeHead(problem.status, { 'content-type': PROBLEM_CONTENT_TYPE })
  response.end(JSON.stringify(problem))
}

createServer((request, response) => {
  route(request, response).catch((thrown: unknown) => {
    process.stderr.write(`${request.method ?? ''} ${request.url ?? ''}: ${String(thrown)}\n`)
    if (!response.headersSent) answerError(response, thrown)
  })
}).listen(Number(values.port), '127.0.0.1')
