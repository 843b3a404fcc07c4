import { describe, expect, it } from 'vitest'
import { drillConfig } from '../config/drill.ts'
import { controllerConfig } from '../config/processes.ts'
import type { ClusterFile } from '../spec/cluster-spec.ts'
import { renderContainerFiles } from './cluster.ts'
import { renderDrill } from './drill.ts'
import { renderEngineProxy } from './engine-proxy.ts'
import { renderServices } from './services.ts'
import { aSpec, fakeSecrets, textOf } from './testing.ts'

const RUNNER = 'neurondb-drill-1'

const configOf = (file: ClusterFile = {}) => {
  const spec = aSpec(file)
  const text = textOf(renderDrill(spec, fakeSecrets(spec)), `${RUNNER}/config.json`)
  return { text, config: drillConfig.parse(JSON.parse(text)) }
}

/** Every single secret of a cluster by where it stands, for example `roles.drill.password`. */
function leavesOf(value: unknown, path = ''): readonly (readonly [string, string])[] {
  if (typeof value === 'string') return [[path, value]]
  return Object.entries(value as Readonly<Record<string, unknown>>).flatMap(([key, child]) =>
    leavesOf(child, path === '' ? key : `${path}.${key}`),
  )
}

const asJson = (value: string): string => JSON.stringify(value)

describe('the folder of the runner of drills', () => {
  it('holds of the cluster’s secrets those that drills and planned work need, and no other', () => {
    const spec = aSpec({
      database: { databases: [{ name: 'shop', owner: 'shop_owner', readers: ['shop_reader'] }] },
    })
    const secrets = fakeSecrets(spec)
    const files = [...renderContainerFiles(spec, secrets)].filter(([path]) =>
      path.startsWith(`${RUNNER}/`),
    )
    const holds = (secret: string): boolean =>
      files.some(([, { text }]) => text.includes(asJson(secret)) || text.includes(secret.trim()))
    const held = leavesOf(secrets).filter(([, secret]) => holds(secret))
    expect(held.map(([path]) => path).sort()).toEqual([
      'apiKeys.drill',
      'ca.certificate',
      `certificates.${RUNNER}.certificate`,
      `certificates.${RUNNER}.key`,
      'consoleAdmin.email',
      'consoleAdmin.password',
      'etcd.controller',
      'patroniRest.password',
      'patroniRest.username',
      'roles.controller.password',
      'roles.drill.password',
      'roles.poolerAdmin.password',
    ])
  })

  it('never has what makes its holder the cluster’s owner', () => {
    const secrets = fakeSecrets(aSpec())
    const { text } = configOf()
    const { superuser, replicator, rewind, owner } = secrets.roles
    for (const { password } of [superuser, replicator, rewind, owner])
      expect(text).not.toContain(password)
    for (const secret of [
      secrets.ca.key.trim().split('\n')[1] ?? '',
      secrets.signingKey,
      secrets.etcd.root,
      secrets.etcd.patroni,
      secrets.apiKeys.admin,
      secrets.apiKeys.service,
    ])
      expect(text).not.toContain(secret)
  })

  it('is readable by its owner alone where it holds a secret', () => {
    const spec = aSpec()
    const files = renderDrill(spec, fakeSecrets(spec))
    expect(files.get(`${RUNNER}/config.json`)).toMatchObject({ secret: true, mode: 0o400 })
    expect(files.get(`${RUNNER}/edge-ca.crt`)).toMatchObject({ secret: false, mode: 0o444 })
  })

  it('has the cluster as the file describes it, and every controller to ask', () => {
    const file = { name: 'neurondb', controller: { replicas: 3 }, database: { members: 5 } }
    const { config } = configOf(file)
    expect(config.spec).toEqual(aSpec(file))
    expect(config.replica).toBe(RUNNER)
    expect(config.controllers).toEqual(
      [1, 2, 3].map((n) => ({ name: `neurondb-controller-${n}`, address: `10.77.0.${190 + n}` })),
    )
    expect(config.secrets.roles.drill.password).toBe('fake-password-of-drill')
  })

  it('trusts at the front door whoever signed the certificate there', () => {
    const edgeCaOf = (file: ClusterFile) => {
      const spec = aSpec(file)
      return textOf(renderDrill(spec, fakeSecrets(spec)), `${RUNNER}/edge-ca.crt`)
    }
    expect(edgeCaOf({})).toContain('fake certificate of ca')
    const own = { edge: { tls: { certificate: '/own.crt', key: '/own.key' } } }
    expect(edgeCaOf(own)).toContain('fake certificate of edge')
  })

  it('is not there where no drill runs by itself', () => {
    const spec = aSpec({ drills: { schedule: 'never' } })
    expect(renderDrill(spec, fakeSecrets(spec)).size).toBe(0)
  })
})

describe('a controller', () => {
  const drillsOf = (file: ClusterFile): unknown => {
    const spec = aSpec(file)
    const text = textOf(
      renderServices(spec, fakeSecrets(spec)),
      'neurondb-controller-1/config.json',
    )
    return controllerConfig.parse(JSON.parse(text)).drills
  }

  it('knows which drills run when, and whom to start for them', () => {
    const drills = { schedule: 'weekly', scenarios: ['etcd-member-down' as const] }
    expect(drillsOf({ drills })).toEqual({ ...drills, runner: RUNNER })
  })

  it('has no schedule where no drill runs by itself', () => {
    expect(drillsOf({ drills: { schedule: 'never' } })).toBeNull()
    expect(drillsOf({ production: true })).toBeNull()
  })
})

describe('the engine proxy', () => {
  const linesOf = (file: ClusterFile): readonly string[] => {
    const spec = aSpec(file)
    const text = textOf(
      renderEngineProxy(spec, fakeSecrets(spec)),
      'neurondb-engine-proxy-1/haproxy.cfg',
    )
    const [frontend = ''] = text
      .split(/^(?=\S)/m)
      .filter((part) => part.startsWith('frontend controllers\n'))
    return frontend.split('\n').map((line) => line.trim())
  }

  it('lets the runner of drills in by its certificate and its address, beside the controllers', () => {
    const lines = linesOf({ controller: { replicas: 1 } })
    expect(lines).toContain(
      'acl controller ssl_c_s_dn(ou) -m str neurondb-controller-1 neurondb-drill-1',
    )
    expect(lines).toContain(
      'tcp-request connection reject unless { src 10.77.0.191 10.77.0.215 10.77.0.1 }',
    )
  })

  it('knows nobody of that name where no drill runs by itself', () => {
    const lines = linesOf({ controller: { replicas: 1 }, drills: { schedule: 'never' } })
    expect(lines).toContain('acl controller ssl_c_s_dn(ou) -m str neurondb-controller-1')
    expect(lines.join('\n')).not.toContain('10.77.0.215')
  })
})
