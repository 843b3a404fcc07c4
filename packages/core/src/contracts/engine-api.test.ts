import { describe, expect, it } from 'vitest'
import { COMPONENTS } from '../topology/containers.ts'
import { engineRules, engineTargets, isAllowed } from './engine-api.ts'

const rules = engineRules({ name: 'demo' })
const may = (method: string, target: string): boolean => isAllowed(rules, method, target)
const container = (name: string, what: string): string => `/v1.41/containers/${name}/${what}`

describe('what a controller may ask of the engine', () => {
  it.each([
    ['GET', engineTargets.ping],
    ['GET', engineTargets.version],
    ['GET', engineTargets.list('demo')],
    ['GET', engineTargets.events('demo', 1_795_000_000_123)],
    ['GET', engineTargets.inspect('demo-member-4')],
    ['POST', engineTargets.start('demo-member-1')],
    ['POST', engineTargets.stop('demo-agent-25', 60)],
    ['POST', engineTargets.stop('demo-desktop-api-1')],
    ['POST', engineTargets.kill('demo-member-1', 'SIGKILL')],
    ['POST', engineTargets.kill('demo-etcd-1', 'SIGSTOP')],
    ['POST', engineTargets.restart('demo-edge-1', 5)],
    ['POST', engineTargets.restart('demo-edge-1')],
    ['POST', engineTargets.pause('demo-pooler-2')],
    ['POST', engineTargets.unpause('demo-pooler-2')],
  ] as const)('is what the client sends: %s %s', (method, target) => {
    expect(may(method, target)).toBe(true)
  })

  it.each([
    ['POST', '/v1.41/containers/create?name=demo-member-9'],
    ['POST', container('demo-member-1', 'exec')],
    ['POST', '/v1.41/exec/abc/start'],
    ['POST', '/v1.41/build'],
    ['POST', '/v1.41/images/create?fromImage=debian'],
    ['GET', '/v1.41/images/json'],
    ['GET', '/v1.41/volumes'],
    ['GET', '/v1.41/info'],
    ['GET', container('demo-member-1', 'logs?stdout=1')],
    ['GET', container('demo-member-1', 'archive?path=/etc/neuronha')],
    ['GET', container('demo-member-1', 'attach/ws')],
    ['POST', container('demo-member-1', 'attach?stream=1')],
    ['POST', container('demo-member-1', 'update')],
    ['POST', container('demo-member-1', 'rename?name=x')],
    ['DELETE', '/v1.41/containers/demo-member-1'],
    ['HEAD', engineTargets.ping],
    ['POST', engineTargets.ping],
    ['GET', engineTargets.start('demo-member-1')],
    ['POST', engineTargets.inspect('demo-member-1')],
  ])('is nothing else: %s %s', (method, target) => {
    expect(may(method, target)).toBe(false)
  })

  it.each([
    'other-member-1',
    'demo2-member-1',
    'xdemo-member-1',
    'demo-loadgen-1',
    'demo-member-0',
    'demo-member-100',
    'demo-member-1x',
    'demo-member-',
    'demo-member',
    'demo-etcd-member-1',
    '1f8a0c31e29b',
  ])('is about no other container: %s', (name) => {
    for (const target of [engineTargets.inspect(name)]) expect(may('GET', target)).toBe(false)
    for (const target of [
      engineTargets.start(name),
      engineTargets.kill(name, 'SIGKILL'),
      engineTargets.pause(name),
    ]) {
      expect(may('POST', target)).toBe(false)
    }
  })

  it.each([
    '/v1.41/containers/demo-member-1/../../exec',
    '/v1.41/containers/demo-member-1/../other-member-1/json',
    '/v1.41/containers/demo-member-1/%2e%2e/other-member-1/json',
    '/v1.41/containers/demo-member-1%2f..%2fother-member-1/json',
    '/v1.41/containers/demo%2Dmember-1/json',
    '/v1.41//containers/demo-member-1/json',
    '//v1.41/containers/demo-member-1/json',
    '/v1.41/containers/demo-member-1/json/',
    '/v1.41/containers/demo-member-1/json?size=1',
    '/v1.41/containers/demo-member-1/json#',
    '/v1.40/containers/demo-member-1/json',
    '/v1x41/containers/demo-member-1/json',
    '/containers/demo-member-1/json',
    'http://engine/v1.41/containers/demo-member-1/json',
    '/V1.41/containers/demo-member-1/json',
    '/v1.41/containers/json',
    '/v1.41/containers/json?all=1',
    engineTargets.list('other'),
    `${engineTargets.list('demo')}&limit=1`,
    `${engineTargets.list('demo')}&filters=%7B%7D`,
    `/v1.41/containers/json?filters=%7B%7D&${engineTargets.list('demo').split('?')[1] ?? ''}`,
    '/v1.41/events',
    engineTargets.events('other', 0),
    `${engineTargets.events('demo', 0)}&until=1`,
  ])('is compared letter by letter: %s', (target) => {
    expect(may('GET', target)).toBe(false)
  })

  it.each([
    'start?detachKeys=a',
    'kill',
    'kill?signal=SIGUSR1',
    'kill?signal=9',
    'stop?t=-1',
    'stop?t=100',
    'stop?t=',
    'restart?t=1&signal=SIGKILL',
    'pause?x',
  ])('has no other parameters: %s', (what) => {
    expect(may('POST', container('demo-member-1', what))).toBe(false)
  })

  it.each(['controller', 'engine-proxy'])('brings a %s back and never ends one', (component) => {
    const name = `demo-${component}-1`
    expect(may('GET', engineTargets.inspect(name))).toBe(true)
    expect(may('POST', engineTargets.start(name))).toBe(true)
    expect(may('POST', engineTargets.unpause(name))).toBe(true)
    for (const target of [
      engineTargets.kill(name, 'SIGKILL'),
      engineTargets.stop(name),
      engineTargets.restart(name),
      engineTargets.pause(name),
    ]) {
      expect(may('POST', target)).toBe(false)
    }
  })

  it('cannot take the container of one cluster for that of another', () => {
    // `a-desktop` with component `api` would be `a` with component `desktop-api`.
    for (const component of COMPONENTS) {
      const endings = COMPONENTS.filter((other) => other.endsWith(`-${component}`))
      expect(endings).toEqual([])
    }
  })
})
