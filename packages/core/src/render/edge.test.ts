import { describe, expect, it } from 'vitest'
import { addressOf } from '../topology/containers.ts'
import { problemText, PUBLIC_ROUTES } from './edge-routes.ts'
import type { RenderedFiles } from './files.ts'
import { renderHaproxyEdge } from './haproxy-edge.ts'
import { renderNginxConsole } from './nginx-console.ts'
import { renderNginxEdge } from './nginx-edge.ts'
import { nginxString } from './nginx-text.ts'
import { prometheusFlags, renderPrometheus } from './prometheus.ts'
import { aSpec, fakeSecrets, GOLDEN_CASES, GOLDEN_SPECS, goldenPath, textOf } from './testing.ts'

const nginxOf = (file: Parameters<typeof aSpec>[0], container = 'neurondb-edge-1'): string => {
  const spec = aSpec(file)
  return textOf(renderNginxEdge(spec, fakeSecrets(spec)), `${container}/nginx.conf`)
}
const haproxyOf = (file: Parameters<typeof aSpec>[0], container = 'neurondb-edge-1'): string => {
  const spec = aSpec(file)
  return textOf(renderHaproxyEdge(spec, fakeSecrets(spec)), `${container}/haproxy.cfg`)
}

describe.each(GOLDEN_CASES)(
  'the edge, the console and Prometheus of the %s cluster',
  (goldenCase) => {
    const spec = GOLDEN_SPECS[goldenCase]
    const secrets = fakeSecrets(spec)
    const render = (): RenderedFiles =>
      new Map([
        ...(spec.edge.kind === 'nginx' ? renderNginxEdge : renderHaproxyEdge)(spec, secrets),
        ...renderNginxConsole(spec, secrets),
        ...renderPrometheus(spec, secrets),
      ])

    it.each([...render()])('renders %s as its golden', async (path, file) => {
      await expect(file.text).toMatchFileSnapshot(goldenPath(goldenCase, path))
    })

    it('renders the same bytes from the same input, and nothing secret', () => {
      expect([...render()]).toEqual([...render()])
      for (const { text, secret } of render().values()) {
        expect(secret).toBe(false)
        expect(text).not.toMatch(/fake/)
        expect(text.endsWith('\n')).toBe(true)
      }
    })
  },
)

describe.each([
  ['nginx', nginxOf],
  ['haproxy', haproxyOf],
] as const)('the edge of kind %s', (_kind, render) => {
  it('redirects each edge to the port that it publishes itself', () => {
    const file = { edge: { replicas: 2, httpsPort: 9000 } } as const
    expect(render(file, 'neurondb-edge-1')).toMatch(/308 .*:9000/)
    expect(render(file, 'neurondb-edge-2')).toMatch(/308 .*:9001/)
    expect(render({ edge: { httpsPort: 443 } })).not.toMatch(/308 .*:443/)
  })

  it('lists every replica, and only those', () => {
    const spec = aSpec({ services: { agent: { replicas: 2 } } })
    const text = render({ services: { agent: { replicas: 2 } } })
    expect(text).toContain(`${addressOf(spec, 'agent', 2)}:8080`)
    expect(text).not.toContain(addressOf(spec, 'agent', 3))
  })

  it('tells a browser to insist on HTTPS only for real names and the user’s own certificate', () => {
    const hostnames = ['ai.example.org', 'localhost', 'db.lan', '10.0.0.1']
    const tls = { certificate: '/own.crt', key: '/own.key' }
    expect(render({ edge: { hostnames } })).not.toContain('max-age=31536000')
    const text = render({ edge: { hostnames, tls } })
    const line = text.split('\n').filter((part) => part.includes('max-age=31536000'))
    expect(line).toHaveLength(1)
    expect(line[0]).toContain('ai.example.org')
    expect(line[0]).not.toMatch(/localhost|db\.lan|10\.0\.0\.1/)
  })

  it('takes its limits from the cluster file', () => {
    const text = render({
      edge: { limits: { requestBytes: '1MB', requestsPerSecond: 10, burst: 20 } },
    })
    expect(text).toContain('1048576')
    expect(text).toMatch(/rate=10r\/s|http_req_rate\(3s\)/)
    expect(text).toMatch(/burst=20 nodelay|gt 30 /)
  })

  it('sets an affinity cookie only when the cluster file asks for it', () => {
    expect(render({})).not.toContain('neuronha_affinity')
    expect(render({ edge: { affinity: 'cookie' } })).toContain('neuronha_affinity')
  })
})

it('matches the most specific route first and ends with the console', () => {
  const paths = PUBLIC_ROUTES.map(({ path }) => path)
  expect(paths.at(-1)).toBe('/')
  for (const [index, path] of paths.entries()) {
    for (const earlier of paths.slice(0, index)) expect(path.startsWith(earlier)).toBe(false)
  }
})

it('answers problems that carry the code of the error table and the balancer’s request id', () => {
  expect(JSON.parse(problemText(504, 'id-1'))).toMatchObject({
    type: 'urn:neuronha:error:UPSTREAM_TIMEOUT',
    status: 504,
    code: 'UPSTREAM_TIMEOUT',
    requestId: 'id-1',
  })
})

it('quotes text for nginx and refuses what cannot be quoted', () => {
  expect(nginxString(`it's a \\ "word" # %\n`)).toBe(`'it\\'s a \\\\ "word" # %\\n'`)
  expect(() => nginxString('$host')).toThrow()
})

it('hands Prometheus how long metrics are kept', () => {
  expect(prometheusFlags(aSpec({ metrics: { retention: '36h' } }))).toContain(
    '--storage.tsdb.retention.time=129600s',
  )
})
