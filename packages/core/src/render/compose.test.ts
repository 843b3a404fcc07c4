import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { COMPONENTS } from '../topology/containers.ts'
import { composeOfOnly, renderCompose, type EngineSocket, type ImageTags } from './compose.ts'
import { aSpec, textOf } from './testing.ts'

interface Service {
  readonly volumes: readonly (string | { readonly source: string })[]
  readonly group_add?: readonly string[]
  readonly cpu_shares: number
  readonly restart: string
}

const images = Object.fromEntries(COMPONENTS.map((name) => [name, 'image:1'])) as ImageTags

const servicesFor = (engineSocket: EngineSocket): Readonly<Record<string, Service>> => {
  const rendered = renderCompose(aSpec({ hosts: ['alpha', 'beta'] }), {
    images,
    filesDir: '/files',
    engineSocket,
    hashOf: (_container, definition) => ({ config: definition, start: definition }),
  })
  return (parse(textOf(rendered, 'compose.yaml')) as { services: Record<string, Service> }).services
}

describe('the engine’s socket', () => {
  const socket = { path: '/run/custom.sock', gid: 105 }

  it('is mounted into engine proxies alone, one per failure domain', () => {
    const holders = Object.entries(servicesFor(socket)).filter(
      ([, service]) => /custom\.sock/.test(JSON.stringify(service.volumes)) || service.group_add,
    )
    expect(holders.map(([name]) => name)).toEqual(['engine-proxy-1', 'engine-proxy-2'])
    for (const [, { group_add }] of holders) expect(group_add).toEqual(['105'])
  })

  it('asks Compose for its group when that is not known', () => {
    const group = servicesFor({ ...socket, gid: null })['engine-proxy-1']?.group_add?.[0]
    expect(group).toMatch(/^\$\{NEURONHA_ENGINE_GID:\?.*stat -c %g \/run\/custom\.sock\}$/)
  })

  it('is part of what the container is made from, so that another group means another container', () => {
    const definitionOf = (gid: number): string =>
      JSON.stringify(servicesFor({ ...socket, gid })['engine-proxy-1'])
    expect(definitionOf(105)).not.toBe(definitionOf(106))
  })
})

it('gives what decides a failover more of a busy processor than what only serves', () => {
  const services = servicesFor({ path: '/run/docker.sock', gid: 105 })
  const sharesOf = (name: string): number => services[name]?.cpu_shares ?? 0
  const deciding = ['etcd-1', 'controller-1', 'engine-proxy-1', 'router-1'].map(sharesOf)
  const serving = ['agent-1', 'mcp-1', 'console-1', 'prometheus-1'].map(sharesOf)
  expect(Math.min(...serving)).toBeGreaterThan(0)
  expect(Math.min(...deciding)).toBeGreaterThan(2 * Math.max(...serving))
})

it('leaves what rests to whoever starts it, and has the engine bring back all else', () => {
  const restarts = Object.entries(servicesFor({ path: '/run/docker.sock', gid: 105 })).map(
    ([name, { restart }]) => [name, restart] as const,
  )
  expect(restarts.filter(([, restart]) => restart !== 'unless-stopped')).toEqual([
    ['drill-1', 'no'],
    ['backup-1', 'no'],
    ['restore-test-1', 'no'],
  ])
})

describe('the Compose file of some containers', () => {
  it('names them, their volumes and the network, and no other volume that Compose would make', () => {
    const rendered = renderCompose(aSpec(), {
      ...{ images, filesDir: '/files', engineSocket: { path: '/run/docker.sock', gid: 1 } },
      hashOf: () => ({ config: 'c', start: 's' }),
    })
    const all = textOf(rendered, 'compose.yaml')
    const only = parse(composeOfOnly(all, ['neurondb-store-1'])) as Record<string, object>
    expect(Object.keys(only['services'] ?? {})).toEqual(['store-1'])
    expect(Object.keys(only['volumes'] ?? {})).toEqual(['neurondb-store-1-data'])
    expect(only['networks']).toEqual((parse(all) as Record<string, object>)['networks'])
  })
})
