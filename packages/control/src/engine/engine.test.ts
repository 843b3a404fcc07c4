import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { PlatformError } from '@neuronha/core/errors.ts'
import { createAuthority, issueCertificate } from '../state/certificates.ts'
import {
  createProxyEngine,
  createSocketEngine,
  type EngineEvent,
  type SocketEngine,
} from './engine.ts'
import { inTurn, type EngineTransport } from './engine-transport.ts'

/** Answers as an engine of version 20.10 does. */
type Handler = (request: IncomingMessage, response: ServerResponse) => void

let folder = ''
let server: Server
let engine: SocketEngine
let handle: Handler
let asked: string[]

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'neuronha-engine-'))
  const socketPath = join(folder, 'engine.sock')
  asked = []
  server = createServer((request, response) => {
    asked.push(`${request.method ?? ''} ${request.url ?? ''}`)
    handle(request, response)
  })
  await new Promise<void>((resolve) => server.listen(socketPath, resolve))
  engine = createSocketEngine({ cluster: 'demo', socketPath })
})

afterEach(async () => {
  await engine.close()
  server.closeAllConnections()
  server.close()
  await rm(folder, { recursive: true, force: true })
})

const answer =
  (status: number, body: unknown = ''): Handler =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === '' ? '' : JSON.stringify(body))
  }

const inspection = (state: object): object => ({
  Id: 'abc',
  RestartCount: 2,
  State: {
    Status: 'running',
    Running: true,
    Paused: false,
    Restarting: false,
    OOMKilled: false,
    Pid: 4711,
    ExitCode: 0,
    StartedAt: '2026-11-23T03:00:00.1Z',
    FinishedAt: '0001-01-01T00:00:00Z',
    ...state,
  },
})

const exited = { Status: 'exited', Running: false, Pid: 0, ExitCode: 137 }

/** Refuses every act; inspections show this state. */
const refuse =
  (status: number, message: string, state: object): Handler =>
  (request, response) => {
    const isAct = request.method === 'POST'
    answer(isAct ? status : 200, isAct ? { message } : inspection(state))(request, response)
  }

describe('the engine', () => {
  it('lists and inspects', async () => {
    handle = answer(200, [
      {
        Id: 'abc',
        Names: ['/demo-member-1'],
        Image: 'neuronha/postgres:1',
        State: 'paused',
        Labels: { 'neuronha.component': 'member', 'neuronha.config': 'hash' },
      },
    ])
    expect(await engine.list()).toEqual([
      {
        id: 'abc',
        name: 'demo-member-1',
        component: 'member',
        state: 'paused',
        image: 'neuronha/postgres:1',
        config: 'hash',
        start: '',
      },
    ])
    handle = answer(200, inspection(exited))
    expect(await engine.inspect('demo-member-1')).toMatchObject({
      id: 'abc',
      status: 'exited',
      running: false,
      pid: 0,
      exitCode: 137,
      restartCount: 2,
    })
    handle = answer(404, { message: 'No such container: demo-member-9' })
    expect(await engine.inspect('demo-member-9')).toBeUndefined()
  })

  it.each([
    ['kill', 409, exited],
    ['start', 304, {}],
    ['stop', 304, exited],
    ['pause', 409, { Paused: true }],
    // Engine 20.10 answers 500 here.
    ['unpause', 500, {}],
  ] as const)('takes %s for done when it was so already (%s)', async (act, status, state) => {
    handle = refuse(status, 'it is so already', state)
    await expect(engine[act]('demo-member-1')).resolves.toBeUndefined()
  })

  it.each([
    ['kill', 500, {}],
    ['kill', 404, exited],
    ['start', 500, exited],
    ['start', 409, { Paused: true }],
    ['pause', 409, exited],
    ['unpause', 500, exited],
    ['restart', 500, {}],
  ] as const)(
    'throws the engine’s words when %s did not come about (%s)',
    async (act, status, state) => {
      handle = refuse(status, 'the engine’s words', state)
      await expect(engine[act]('demo-member-1')).rejects.toMatchObject({
        code: 'ENGINE_FAILED',
        message: expect.stringMatching(/the engine’s words/) as unknown,
      })
    },
  )

  it('asks in the very words that the engine proxy lets through', async () => {
    handle = answer(204)
    await engine.kill('demo-member-1')
    await engine.stop('demo-member-1', 5)
    await engine.stop('demo-member-1')
    await engine.restart('demo-agent-1', 0)
    expect(asked).toEqual([
      'POST /v1.41/containers/demo-member-1/kill?signal=SIGKILL',
      'POST /v1.41/containers/demo-member-1/stop?t=5',
      'POST /v1.41/containers/demo-member-1/stop',
      'POST /v1.41/containers/demo-agent-1/restart?t=0',
    ])
  })

  it('never lets a name become more than a name', () => {
    expect(() => engine.kill('demo-member-1/../x')).toThrow()
    expect(() => engine.start('a?b=c')).toThrow()
    expect(asked).toEqual([])
  })

  it.each([502, 503, 504])(
    'takes a proxy’s %s for an engine that does not answer',
    async (status) => {
      handle = answer(status)
      await expect(engine.kill('demo-member-1')).rejects.toMatchObject({
        code: 'ENGINE_UNREACHABLE',
      })
    },
  )

  it('says that nobody answers when there is no socket', async () => {
    const nobody = createSocketEngine({ cluster: 'demo', socketPath: join(folder, 'none.sock') })
    await expect(nobody.inspect('demo-member-1')).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
    })
  })

  it('refuses an inspection that lacks what decisions rest on', async () => {
    handle = answer(200, { Id: 'abc', RestartCount: 0, State: { Running: false } })
    await expect(engine.inspect('demo-member-1')).rejects.toMatchObject({ code: 'ENGINE_FAILED' })
  })
})

describe('a proxy that is frozen while the connection is made', () => {
  it('costs no more than the deadline, and gets no late act when it thaws', async () => {
    const ca = await createAuthority('demo')
    const pair = await issueCertificate(ca, {
      name: 'proxy',
      unit: 'proxy',
      dnsNames: ['localhost'],
      addresses: ['127.0.0.1'],
    })
    const tls = { ca: ca.certificate, cert: pair.certificate, key: pair.key }
    const thaw = Promise.withResolvers<undefined>()
    const over = Promise.withResolvers<undefined>()
    const heard: string[] = []
    const proxy = createTlsServer({
      ...tls,
      SNICallback: (_name, done) => void thaw.promise.then(() => done(null)),
    })
    proxy.on('request', (request: IncomingMessage) => {
      heard.push(request.url ?? '')
      over.resolve(undefined)
    })
    proxy.on('connection', (socket) => socket.once('close', () => over.resolve(undefined)))
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve))
    const { port } = proxy.address() as AddressInfo
    const url = `https://localhost:${port}`
    const frozen = createProxyEngine({ cluster: 'demo', urls: [url], tls, deadlineMs: 100 })
    const begunMs = performance.now()
    await expect(frozen.kill('demo-member-1')).rejects.toMatchObject({ code: 'ENGINE_UNREACHABLE' })
    expect(performance.now() - begunMs).toBeLessThan(1000)
    thaw.resolve(undefined)
    await over.promise
    expect(heard).toEqual([])
    await frozen.close()
    proxy.closeAllConnections()
    proxy.close()
  })
})

describe('several ways to one engine', () => {
  const way = (where: string, ask: EngineTransport['ask']): EngineTransport => ({
    where,
    ask,
    open: () => Promise.reject(new Error('not asked')),
    close: () => Promise.resolve(),
  })
  const silence = new PlatformError('ENGINE_UNREACHABLE', 'no answer')
  const silent = () => Promise.reject(silence)

  it('take turns: after a silence the next call goes the next way, and nothing is sent twice', async () => {
    const sent: string[] = []
    const alive = way('second', (_method, target) => {
      sent.push(target)
      return Promise.resolve({ status: 200, body: 'yes' })
    })
    const engineOfTwo = inTurn([way('first', silent), alive])
    await expect(engineOfTwo.ask('POST', '/kill', 100)).rejects.toBe(silence)
    expect(sent).toEqual([])
    await expect(engineOfTwo.ask('GET', '/json', 100)).resolves.toMatchObject({ body: 'yes' })
    expect(engineOfTwo.where).toBe('second')
    await engineOfTwo.ask('GET', '/json', 100)
    expect(sent).toEqual(['/json', '/json'])
  })

  it('stay with the way whose engine refuses: that is an answer', async () => {
    const refused = new PlatformError('ENGINE_FAILED', 'no')
    const engineOfTwo = inTurn([way('first', () => Promise.reject(refused)), way('second', silent)])
    await expect(engineOfTwo.ask('GET', '/json', 100)).rejects.toBe(refused)
    expect(engineOfTwo.where).toBe('first')
  })
})

describe('the events', () => {
  const died = `${JSON.stringify({
    Type: 'container',
    Action: 'die',
    Actor: { ID: 'abc', Attributes: { name: 'demo-member-1', 'neuronha.cluster': 'demo' } },
    timeNano: 1_795_000_000_000_000_000,
  })}\n`

  const read = async (events: AsyncIterable<EngineEvent>): Promise<readonly string[]> => {
    const actions: string[] = []
    for await (const { action } of events) actions.push(action)
    return actions
  }

  it('begin with the call, not with the first read', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    handle = (request, response) => {
      response.writeHead(200)
      response.end(died)
      resolve(request.url ?? '')
    }
    const before = Date.now() / 1000
    const events = engine.events(new AbortController().signal)
    const url = await promise
    const since = Number(/since=([\d.]+)&/.exec(url)?.[1])
    expect(since).toBeGreaterThanOrEqual(Math.floor(before))
    expect(since).toBeLessThanOrEqual(Date.now() / 1000)
    expect(await read(events)).toEqual(['die'])
  })

  it('end quietly when the connection breaks', async () => {
    handle = (_request, response) => {
      response.writeHead(200)
      response.write(died)
      setTimeout(() => response.destroy(), 20)
    }
    expect(await read(engine.events(new AbortController().signal))).toEqual(['die'])
  })

  it('end quietly when the reader has enough', async () => {
    const enough = new AbortController()
    handle = (_request, response) => {
      response.writeHead(200)
      response.write(died)
      setTimeout(() => enough.abort(), 20)
    }
    expect(await read(engine.events(enough.signal))).toEqual(['die'])
  })

  it('throw when there never was a connection, or a refusal instead', async () => {
    handle = answer(403, { message: 'no' })
    await expect(read(engine.events(new AbortController().signal))).rejects.toMatchObject({
      code: 'ENGINE_FAILED',
    })
    handle = answer(503)
    await expect(read(engine.events(new AbortController().signal))).rejects.toMatchObject({
      code: 'ENGINE_UNREACHABLE',
    })
  })

  it('word the same trouble the same each time, so that it can be logged once', async () => {
    handle = answer(403, { message: 'no' })
    const words = async (): Promise<string> =>
      read(engine.events(new AbortController().signal)).then(
        () => 'no error',
        (thrown: unknown) => (thrown as Error).message,
      )
    const first = await words()
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(await words()).toBe(first)
    expect(first).toMatch(/refused GET \/v1\.41\/events \(403\): no$/)
  })
})
