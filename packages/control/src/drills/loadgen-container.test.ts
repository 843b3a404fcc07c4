import { loadgenConfig } from '@neuronha/core/config/loadgen.ts'
import { aSpec, fakeSecrets } from '@neuronha/core/render/testing.ts'
import { describe, expect, it } from 'vitest'
import { loadgenConfigOf } from './load-host.ts'
import { dockerRunArgs } from './loadgen-container.ts'
import { expandDrills, findScenario } from './scenarios/scenarios.ts'
import { aContext } from './testing.ts'
import { variantOf } from './variant.ts'

const aCluster = (file: Parameters<typeof aSpec>[0] = {}) => {
  const spec = aSpec(file)
  return { spec, secrets: fakeSecrets(spec) }
}

const configOf = (cluster = aCluster()) =>
  loadgenConfigOf(cluster, {
    run: 'primary-crash-0123abcd',
    load: findScenario('primary-crash').load(aContext(cluster)),
    ratePerSecond: 50,
    seconds: 60,
  })

describe('the load generator’s container', () => {
  it('has no secret on its command line', () => {
    const args = dockerRunArgs(
      { ...aCluster(), image: 'neuronha/drill:0' },
      '/state/drills/.run-x',
    ).join(' ')
    expect(args).not.toMatch(/fake|nha_/)
    expect(args).toContain('--read-only')
    expect(args).toContain('--user=10001:10001')
    expect(args).toContain('--ip=10.77.0.211')
  })

  it('goes through every edge and every pooler', () => {
    const config = configOf(aCluster({ edge: { replicas: 2, hostnames: ['ai.example.org'] } }))
    expect(config.edge.urls).toEqual(['https://10.77.0.181:8443', 'https://10.77.0.182:8443'])
    expect(config.edge.serverName).toBe('ai.example.org')
    expect(config.sql.poolers.map(({ address }) => address)).toEqual(['10.77.0.51', '10.77.0.52'])
    expect(config.sql.user).toBe('neurondb_drill')
  })

  it('refuses keys that its schema does not know', () => {
    const config = configOf()
    expect(loadgenConfig.safeParse({ ...config, speed: 1 }).success).toBe(false)
    expect(loadgenConfig.safeParse({ ...config, run: "x'; drop" }).success).toBe(false)
  })
})

it('sends the load of service-kill to the service that is hit', () => {
  const { spec, secrets } = aCluster()
  const kindOf = (service: 'agent' | 'desktop-api' | 'mcp' | 'console') =>
    findScenario('service-kill').load(aContext({ spec, secrets, options: { service } })).target.kind
  expect((['agent', 'desktop-api', 'mcp', 'console'] as const).map(kindOf)).toEqual([
    'agent',
    'desktop-api',
    'mcp',
    'console',
  ])
})

it('does not know a drill that is not there', () => {
  expect(() => findScenario('meteor')).toThrow('there is no drill named meteor')
})

it('takes `all` as every drill in every form', () => {
  const drills = expandDrills(['all'], {}).map(({ scenario, options }) =>
    `${scenario.name} ${variantOf(options)}`.trim(),
  )
  expect(drills).toEqual(
    expect.arrayContaining([
      'primary-crash',
      'service-kill agent',
      'service-kill console',
      'controller-kill-during 0 s',
      'controller-kill-during 2 s',
    ]),
  )
  expect(new Set(drills).size).toBe(drills.length)
})
