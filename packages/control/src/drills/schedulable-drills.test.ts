/** Drills that controllers run have nothing but what the engine proxy lets through, and a switchover. */
import { SCHEDULABLE_DRILLS } from '@neuronha/core/spec/schedulable-drills.ts'
import { aSpec } from '@neuronha/core/render/testing.ts'
import { containersOf } from '@neuronha/core/topology/containers.ts'
import { describe, expect, it } from 'vitest'
import type { ContainerActs } from './faults/acts-on-containers.ts'
import type { Stage } from './scenarios/scenario.ts'
import { SCENARIOS } from './scenarios/scenarios.ts'
import { aContext, aMember, aStatus } from './testing.ts'

/** The cluster of the default file: four members, three of etcd, two controllers. */
/** Of a name that no cluster has: a drill that does not belong in the list would else break a real one. */
const spec = aSpec({ name: 'nowhere' })

const STATUS = (() => {
  const partsOf = (component: 'etcd' | 'controller') =>
    containersOf(spec, component).map(({ name }) => ({ name, healthy: true, detail: '' }))
  return aStatus({
    members: containersOf(spec, 'member').map(({ name }, index) =>
      aMember(name, index === 0 ? 'primary' : 'sync standby'),
    ),
    etcd: partsOf('etcd').map((part, index) => ({ ...part, leader: index === 1, db_bytes: 1 })),
    controllers: partsOf('controller').map((part, index) => ({ ...part, active: index === 0 })),
  })
})()

/** Notes what is done to containers, and which commands are run. */
function aRecordingContext() {
  const acts: string[] = []
  const note = (act: string, names: readonly string[]): Promise<void> => {
    acts.push(...names.map((name) => `${act} ${name}`))
    return Promise.resolve()
  }
  const containers: ContainerActs = {
    inspect: () => Promise.resolve(undefined),
    start: (names) => note('start', names),
    kill: (names) => note('kill', names),
    stop: (names) => note('stop', names),
    pause: (name) => note('pause', [name]),
    unpause: (name) => note('unpause', [name]),
  }
  const runCommand = (args: readonly string[]) => note('run', [args.join(' ')])
  return { acts, context: aContext({ spec, containers, runCommand }) }
}

const STAGE: Stage = {
  nowMs: () => 0,
  note: () => undefined,
  sleep: () => Promise.resolve(),
  signal: new AbortController().signal,
  observe: () => Promise.resolve(STATUS),
  ledger: () => Promise.resolve([]),
  act: () => Promise.reject(new TypeError('no act within an act')),
}

const rehearse = async (name: string) => {
  const scenario = SCENARIOS.find((candidate) => candidate.name === name)
  if (scenario === undefined) throw new TypeError(`there is no drill named ${name}`)
  const { acts, context } = aRecordingContext()
  return { acts, act: await scenario.plan(context, STATUS) }
}

describe.each(SCHEDULABLE_DRILLS)('%s', (name) => {
  it('can be mended by starting and thawing containers', async () => {
    const { act } = await rehearse(name)
    const kinds = new Set(act.heal.map(({ kind }) => kind))
    expect(['start', 'unpause']).toEqual(expect.arrayContaining([...kinds]))
  })

  it('breaks nothing but containers that its way back names, or asks for a switchover', async () => {
    const { acts, act } = await rehearse(name)
    await act.prepare?.(STAGE)
    await act.inject(STAGE)
    const mended = act.heal.flatMap((step) => ('container' in step ? [step.container] : []))
    expect(acts.length).toBeGreaterThan(0)
    for (const done of acts) {
      if (done === 'run switchover') continue
      const [verb, container] = done.split(' ')
      expect(['kill', 'pause', 'stop']).toContain(verb)
      expect(mended).toContain(container)
    }
  })

  it('keeps the controllers from starting what it kills for as long as it is to stay dead', async () => {
    const { acts, act } = await rehearse(name)
    await act.inject(STAGE)
    const killed = acts.filter((done) => done.startsWith('kill ')).map((done) => done.slice(5))
    expect(act.holds?.containers ?? []).toEqual(killed)
    if (killed.length > 0) expect(act.keepMs).toBeGreaterThan(0)
  })
})

it('touches no controller: the one that is active must outlive the drill that it began', async () => {
  for (const name of SCHEDULABLE_DRILLS) {
    const { acts, act } = await rehearse(name)
    await act.inject(STAGE)
    expect(acts.join()).not.toMatch(/controller|engine-proxy|drill/)
  }
})
