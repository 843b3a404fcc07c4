/** What the engine proxy lets through and what it refuses, tried with a controller's own certificate. */
import { once } from 'node:events'
import type { IncomingMessage } from 'node:http'
import { request } from 'node:https'
import { setTimeout as delay } from 'node:timers/promises'
import { engineTargets } from '@neuronha/core/contracts/engine-api.ts'
import { allContainers, containersOf } from '@neuronha/core/topology/containers.ts'
import { PORTS } from '@neuronha/core/topology/ports.ts'
import { run } from '@neuronha/runtime/exec.ts'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  createProxyEngine,
  createSocketEngine,
  type Engine,
  type EngineEvent,
} from '../../packages/control/src/engine/engine.ts'
import { cluster, crashContainer, inContainer, statusOf, untilHealthy } from './cluster.ts'

const nameOf = (part: string): string => `${cluster().spec.name}-${part}`
const proxyAddress = (): string =>
  containersOf(cluster().spec, 'engine-proxy')[0]?.address ?? 'no engine proxy'

const tlsOf = (certificate: string) => {
  const { secrets, ca } = cluster()
  const pair = secrets.certificates[certificate]
  if (pair === undefined) throw new Error(`no certificate ${certificate}`)
  return { ca, cert: pair.certificate, key: pair.key }
}

interface Try {
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** Whose certificate is shown; default the first controller's, null: none. */
  readonly as?: string | null
  readonly port?: number
}

/** The status of one request whose target is sent exactly as it is given. */
async function statusFor(method: string, target: string, options: Try = {}): Promise<number> {
  const { headers = {}, body, as = nameOf('controller-1'), port = PORTS.engineProxy } = options
  const sent = request({
    host: proxyAddress(),
    port,
    servername: 'engine-proxy',
    method,
    path: target,
    headers: { ...headers },
    agent: false,
    timeout: 20_000,
    ...(as === null ? { ca: cluster().ca } : tlsOf(as)),
  })
  sent.on('timeout', () => sent.destroy(new Error('no answer')))
  const answered = once(sent, 'response') as Promise<[IncomingMessage]>
  // A response by another name: Node tells of a change of protocol apart.
  const left = ['upgrade', 'connect'].map(
    (event) => once(sent, event) as Promise<[IncomingMessage]>,
  )
  for (const promise of left) promise.catch(() => undefined)
  sent.end(body)
  const [response] = await Promise.race([answered, ...left])
  response.destroy()
  return response.statusCode ?? 0
}

let engine: Engine
const own = (): ReturnType<typeof createSocketEngine> =>
  createSocketEngine({ cluster: cluster().spec.name })

beforeAll(async () => {
  await untilHealthy()
  engine = createProxyEngine({
    cluster: cluster().spec.name,
    urls: [`https://${proxyAddress()}:${PORTS.engineProxy}`],
    tls: tlsOf(nameOf('controller-1')),
    deadlineMs: 10_000,
  })
})

afterAll(async () => {
  await engine.close()
  await untilHealthy()
})

describe('a controller', () => {
  it('sees the cluster’s containers, all of them and no others', async () => {
    const names = (await engine.list()).map(({ name }) => name)
    expect([...names].sort()).toEqual(
      allContainers(cluster().spec)
        .map(({ name }) => name)
        .sort(),
    )
  })

  it('sees of a container what the engine itself says', async () => {
    const name = nameOf('member-1')
    expect(await engine.inspect(name)).toEqual(await own().inspect(name))
    expect(await engine.inspect(nameOf('member-99'))).toBeUndefined()
  })

  it.each(['controller-1', 'controller-2'])('reaches the engine from inside %s', async (part) => {
    const script = `
      const { controllerConfig, engine } = JSON.parse(require('node:fs').readFileSync('/etc/neuronha/config.json'))
      const read = (name) => require('node:fs').readFileSync('/etc/neuronha/tls/' + name)
      const url = engine.urls[0].url + '${engineTargets.inspect(nameOf('member-1'))}'
      require('node:https').get(url, { ca: read('ca.crt'), cert: read('tls.crt'), key: read('tls.key') },
        (response) => { response.resume(); console.log(response.statusCode) })
        .on('error', (error) => console.log(error.code))`
    expect((await inContainer(nameOf(part), ['node', '-e', script])).trim()).toBe('200')
  })

  it('pauses and continues a replica', async () => {
    const name = nameOf('console-2')
    await engine.pause(name)
    expect(await engine.inspect(name)).toMatchObject({ status: 'paused', paused: true })
    await engine.pause(name)
    await engine.unpause(name)
    await engine.unpause(name)
    expect(await engine.inspect(name)).toMatchObject({ status: 'running', paused: false })
  })

  it('kills a replica, which stays down, and starts it', async () => {
    const name = nameOf('mcp-2')
    await engine.kill(name)
    await engine.kill(name)
    expect(await engine.inspect(name)).toMatchObject({
      status: 'exited',
      running: false,
      restarting: false,
      pid: 0,
      exitCode: 137,
    })
    await engine.start(name)
    await engine.start(name)
    expect(await engine.inspect(name)).toMatchObject({ running: true })
    await untilHealthy()
  })

  it('kills a paused replica', async () => {
    const name = nameOf('console-2')
    await engine.pause(name)
    await engine.kill(name)
    expect(await engine.inspect(name)).toMatchObject({ status: 'exited', paused: false })
    await engine.start(name)
    await untilHealthy()
  })

  it('stops and restarts a replica', async () => {
    const name = nameOf('console-1')
    const before = await engine.inspect(name)
    await engine.restart(name, 10)
    const after = await engine.inspect(name)
    expect(after?.id).toBe(before?.id)
    expect(after?.startedAt).not.toBe(before?.startedAt)
    await engine.stop(name, 10)
    expect(await engine.inspect(name)).toMatchObject({ running: false })
    await engine.start(name)
    await untilHealthy()
  })

  it('hears of a crash and of the restart within a second of each', async () => {
    const enough = new AbortController()
    const heard: (EngineEvent & { readonly heardMs: number })[] = []
    const listening = (async () => {
      for await (const event of engine.events(enough.signal))
        heard.push({ ...event, heardMs: Date.now() })
    })()
    const name = nameOf('agent-1')
    // Long enough that a proxy which cut idle answers, or kept them back, would be found out.
    await delay(5000)
    await crashContainer(name)
    await expect
      .poll(() => heard.filter((event) => event.name === name).map(({ action }) => action), {
        timeout: 15_000,
      })
      .toEqual(['die', 'start'])
    for (const { atMs, heardMs } of heard) expect(heardMs - atMs).toBeLessThan(1000)
    enough.abort()
    await listening
    await untilHealthy()
  })

  it('hears also what happened while the connection was being made', async () => {
    const name = nameOf('console-2')
    const enough = new AbortController()
    const events = engine.events(enough.signal)
    await own().pause(name)
    await own().unpause(name)
    const actions: string[] = []
    for await (const event of events) {
      if (event.name === name) actions.push(event.action)
      if (event.action === 'unpause') break
    }
    expect(actions).toEqual(['pause', 'unpause'])
  })
})

describe('the engine proxy refuses', () => {
  it.each([
    ['POST', '/v1.41/containers/create?name=intruder'],
    ['POST', '/v1.41/exec/0123456789ab/start'],
    ['POST', '/v1.41/build'],
    ['POST', '/v1.41/images/create?fromImage=debian'],
    ['GET', '/v1.41/images/json'],
    ['GET', '/v1.41/volumes'],
    ['POST', '/v1.41/volumes/create'],
    ['POST', '/v1.41/volumes/prune'],
    ['GET', '/v1.41/networks'],
    ['GET', '/v1.41/info'],
    ['GET', '/v1.41/containers/json'],
    ['GET', '/v1.41/containers/json?all=1'],
    ['GET', engineTargets.list('another-cluster')],
    ['GET', '/v1.41/events'],
    ['GET', engineTargets.events('another-cluster', 0)],
    ['HEAD', '/v1.41/_ping'],
    ['OPTIONS', '*'],
    ['TRACE', '/v1.41/_ping'],
  ])('%s %s', async (method, target) => {
    expect(await statusFor(method, target)).toBe(403)
  })

  it.each([
    ['POST', 'exec'],
    ['POST', 'attach?stream=1'],
    ['GET', 'attach/ws'],
    ['GET', 'logs?stdout=1'],
    ['GET', 'archive?path=/etc/neuronha/tls'],
    ['PUT', 'archive?path=/'],
    ['GET', 'export'],
    ['POST', 'update'],
    ['POST', 'rename?name=x'],
    ['POST', 'kill?signal=SIGUSR1'],
    ['POST', 'kill'],
    ['POST', 'stop?t=-1'],
    ['POST', 'start?detachKeys=a'],
    ['DELETE', '?force=1'],
  ])('%s …/%s of one of its own containers', async (method, what) => {
    const base = `/v1.41/containers/${nameOf('console-1')}`
    const target = what.startsWith('?') ? `${base}${what}` : `${base}/${what}`
    expect(await statusFor(method, target)).toBe(403)
  })

  it('a container that carries another name, even with this cluster’s label or as its id', async () => {
    const loadgen = nameOf('loadgen-1')
    const id = (await own().inspect(nameOf('console-1')))?.id ?? ''
    for (const name of ['another-member-1', loadgen, id, id.slice(0, 12)]) {
      expect(await statusFor('GET', engineTargets.inspect(name)), name).toBe(403)
      expect(await statusFor('POST', engineTargets.pause(name)), name).toBe(403)
    }
  })

  it('to let a controller end the other one, or the proxy', async () => {
    for (const part of ['controller-2', 'engine-proxy-1']) {
      const name = nameOf(part)
      expect(await statusFor('POST', engineTargets.kill(name, 'SIGKILL'))).toBe(403)
      expect(await statusFor('POST', engineTargets.stop(name))).toBe(403)
      expect(await statusFor('POST', engineTargets.pause(name))).toBe(403)
      expect(await engine.inspect(name)).toMatchObject({ status: 'running' })
      await engine.start(name)
    }
  })

  it('targets that the engine would read differently', async () => {
    const good = nameOf('console-1')
    const targets = [
      `/v1.41/containers/${good}/../another/json`,
      `/v1.41/containers/${good}/json/../../../images/json`,
      `/v1.41/containers/${good}/%2e%2e/another/json`,
      `/v1.41/containers/${good}%2f..%2fanother/json`,
      `/v1.41/containers/${good}/%6ason`,
      `/v1.41//containers/${good}/json`,
      `//v1.41/containers/${good}/json`,
      `/v1.41/./containers/${good}/json`,
      `/v1.41/containers/${good}/json/`,
      `/v1.41/containers/${good}/json?`,
      `/v1.41/containers/${good}/json;x`,
      `/v1.40/containers/${good}/json`,
      `/containers/${good}/json`,
      `http://engine/v1.41/containers/${good}/json`,
      `${engineTargets.list(cluster().spec.name)}&filters=%7B%7D`,
      `/v1.41/containers/json?filters=%7B%7D&${engineTargets.list(cluster().spec.name).split('?')[1] ?? ''}`,
    ]
    const headers = { host: 'engine' }
    for (const target of targets)
      expect(await statusFor('GET', target, { headers }), target).toBe(403)
    const act = `/v1.41/containers/${good}/%70ause`
    expect(await statusFor('POST', act)).toBe(403)
  })

  it('bodies, of a known length or in chunks', async () => {
    const target = engineTargets.start(nameOf('console-1'))
    const body = JSON.stringify({ Binds: ['/:/machine'] })
    expect(await statusFor('POST', target, { body })).toBe(403)
    const chunked = { 'transfer-encoding': 'chunked' }
    expect(await statusFor('POST', target, { body, headers: chunked })).toBe(403)
    expect(await statusFor('POST', target, { headers: chunked })).toBe(403)
    const get = engineTargets.ping
    expect(await statusFor('GET', get, { body, headers: { 'content-length': '22' } })).toBe(403)
    expect(await statusFor('POST', target, { headers: { 'content-length': '0' } })).toBe(304)
  })

  it('to leave HTTP by an upgrade or a tunnel', async () => {
    for (const protocol of ['tcp', 'websocket']) {
      const headers = {
        connection: 'Upgrade',
        upgrade: protocol,
        'sec-websocket-key': 'bmV1cm9uaGEgdGVzdCBrZXk=',
        'sec-websocket-version': '13',
      }
      expect(await statusFor('GET', engineTargets.ping, { headers })).toBe(403)
      const start = engineTargets.start(nameOf('console-1'))
      expect(await statusFor('POST', start, { headers })).toBe(403)
    }
    // HAProxy takes this one out by itself: the engine sees a plain request, and HTTP is not left.
    const headers = { connection: 'Upgrade, HTTP2-Settings', upgrade: 'h2c', 'http2-settings': '' }
    expect(await statusFor('GET', engineTargets.ping, { headers })).toBe(200)
    const tunnel = { headers: { host: 'engine:2375' } }
    expect(await statusFor('CONNECT', 'engine:2375', tunnel)).toBe(403)
  })

  it('the certificate of any other part of the cluster', async () => {
    for (const as of ['cli', 'loadgen-1', nameOf('agent-1'), nameOf('member-1'), nameOf('edge-1')])
      expect(await statusFor('GET', engineTargets.ping, { as }), as).toBe(403)
  })

  it('to speak to anybody without a certificate', async () => {
    await expect(statusFor('GET', engineTargets.ping, { as: null })).rejects.toThrow()
  })

  it('connections from any other container, whatever they show', async () => {
    const script = `
      require('node:https').get('https://${proxyAddress()}:${PORTS.engineProxy}${engineTargets.ping}',
        { rejectUnauthorized: false, timeout: 5000 }, (response) => console.log(response.statusCode))
        .on('error', (error) => console.log(error.code))`
    const said = await inContainer(nameOf('agent-1'), ['node', '-e', script])
    expect(said.trim()).toMatch(/ECONNRESET|ECONNREFUSED/)
  })

  it('anything but health and metrics on the port for observers', async () => {
    const port = PORTS.engineProxyStats
    expect(await statusFor('GET', '/health', { as: 'cli', port })).toBe(200)
    expect(await statusFor('GET', '/metrics', { as: 'cli', port })).toBe(200)
    expect(await statusFor('GET', engineTargets.version, { as: 'cli', port })).toBe(404)
    const act = engineTargets.pause(nameOf('console-1'))
    expect(await statusFor('POST', act, { as: nameOf('controller-1'), port })).toBe(403)
    expect(await statusFor('GET', '/health', { as: nameOf('agent-1'), port })).toBe(403)
  })
})

describe('the engine proxy itself', () => {
  it('logs who acted and who was refused, and no questions', async () => {
    const pause = engineTargets.pause(nameOf('another-1'))
    const inspect = engineTargets.inspect(nameOf('console-2'))
    const restart = engineTargets.unpause(nameOf('console-2'))
    await statusFor('POST', pause)
    await statusFor('GET', inspect)
    await statusFor('POST', restart)
    const { stdout, stderr } = await run('docker', ['logs', nameOf('engine-proxy-1')])
    const lines = (stdout + stderr).split('\n')
    const by = `${nameOf('controller-1')} `
    expect(lines.some((line) => line.includes(by) && line.includes(`POST ${pause} 403`))).toBe(true)
    expect(lines.some((line) => line.includes(by) && line.includes(`POST ${restart} `))).toBe(true)
    expect(lines.some((line) => line.includes(`GET ${inspect}`))).toBe(false)
  })

  it('is part of the topology, healthy', async () => {
    expect((await statusOf()).engine_proxies).toMatchObject([
      { name: nameOf('engine-proxy-1'), healthy: true, host: 'local' },
    ])
  })

  it('runs unprivileged, with nothing of the machine but the socket', async () => {
    const format =
      '{{.Config.User}} {{.HostConfig.ReadonlyRootfs}} {{json .HostConfig.CapDrop}} {{json .Mounts}}'
    const { stdout } = await run('docker', [
      'inspect',
      '--format',
      format,
      nameOf('engine-proxy-1'),
    ])
    expect(stdout).toMatch(/^10001:10001 true \["ALL"\]/)
    expect(stdout.match(/"Destination"/g)).toHaveLength(2)
    expect(stdout).toContain('"Destination":"/run/engine.sock"')
  })
})
