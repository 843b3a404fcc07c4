import { describe, expect, it } from 'vitest'
import {
  planUp,
  type PresentContainer,
  type UpObservation,
  type WantedContainer,
} from './plan-up.ts'

const wanted = (
  name: string,
  component: WantedContainer['component'],
  config = 'a',
): WantedContainer => ({
  name,
  component,
  image: 'image:1',
  config,
  start: config,
})
const running = (container: WantedContainer): PresentContainer => ({
  ...container,
  state: 'running',
})

const observation = (part: Partial<UpObservation>): UpObservation => ({
  machine: [],
  missingImages: [],
  wanted: [],
  present: [],
  changedFiles: [],
  etcdAuthPending: false,
  databaseSetupPending: false,
  patroniConfigPending: false,
  backupSetupPending: false,
  sealedSecretsPending: false,
  restore: undefined,
  primary: undefined,
  predictedStallMs: 2400,
  predictedSwitchoverMs: 1200,
  ...part,
})

const members = [1, 2, 3].map((ordinal) => wanted(`c-member-${ordinal}`, 'member'))

describe('planUp', () => {
  it('has nothing to do when everything is as wanted', () => {
    expect(planUp(observation({ wanted: members, present: members.map(running) }))).toEqual([])
  })

  it('starts etcd and gives it its users before anything else starts', () => {
    const all = [wanted('c-etcd-1', 'etcd'), ...members]
    const steps = planUp(
      observation({ wanted: all, etcdAuthPending: true, databaseSetupPending: true }),
    )
    expect(steps.map(({ kind }) => kind)).toEqual([
      'start',
      'configure-etcd',
      'start',
      'configure-databases',
    ])
    expect(steps[0]?.targets).toEqual(['c-etcd-1'])
  })

  it('restores before any member starts, from a repository that is up by then', () => {
    const all = [
      wanted('c-etcd-1', 'etcd'),
      wanted('c-store-1', 'store'),
      ...members,
      wanted('c-router-1', 'router'),
    ]
    const steps = planUp(
      observation({
        wanted: all,
        restore: { title: 'restore shop', member: 'c-member-1' },
        etcdAuthPending: true,
      }),
    )
    expect(steps.map(({ kind, targets }) => [kind, ...targets].join(' '))).toEqual([
      'start c-etcd-1',
      'configure-etcd',
      'start c-store-1',
      'restore c-member-1',
      'start c-store-1 c-member-1 c-member-2 c-member-3 c-router-1',
    ])
    expect(steps[3]?.title).toBe('restore shop')
  })

  it('seals the secrets when the repositories know the cluster', () => {
    const steps = planUp(
      observation({
        wanted: members,
        present: members.map(running),
        backupSetupPending: true,
        sealedSecretsPending: true,
      }),
    )
    expect(steps.map(({ kind }) => kind)).toEqual(['configure-backups', 'seal-secrets'])
  })

  it('replaces members one by one, the primary last, and only after another one took over', () => {
    const changed = members.map((member) => ({ ...member, config: 'b', start: 'b' }))
    const steps = planUp(
      observation({ wanted: changed, present: members.map(running), primary: 'c-member-1' }),
    )
    expect(steps.map(({ kind, targets }) => `${kind} ${targets[0] ?? ''}`)).toEqual([
      'replace c-member-2',
      'replace c-member-3',
      'switchover c-member-1',
      'replace c-member-1',
    ])
    expect(steps.map(({ interruptsWritesMs }) => interruptsWritesMs)).toEqual([0, 0, 1200, 0])
  })

  it('leaves the primary where it is while only others are replaced', () => {
    const changed = members.map((member) =>
      member.name === 'c-member-1' ? member : { ...member, start: 'b' },
    )
    const steps = planUp(
      observation({ wanted: changed, present: members.map(running), primary: 'c-member-1' }),
    )
    expect(steps.map(({ kind }) => kind)).toEqual(['replace', 'replace'])
  })

  it('predicts the pause of a restart when nobody can stand in for the only member', () => {
    const [only = wanted('c-member-1', 'member')] = members
    const steps = planUp(
      observation({
        wanted: [{ ...only, start: 'b' }],
        present: [running(only)],
        primary: only.name,
      }),
    )
    expect(steps).toMatchObject([{ kind: 'replace', interruptsWritesMs: 2400 }])
  })

  it('changes the primary before it removes the one that the file no longer has', () => {
    const steps = planUp(
      observation({
        wanted: members.slice(0, 2),
        present: members.map(running),
        primary: 'c-member-3',
      }),
    )
    expect(steps.map(({ kind, targets }) => `${kind} ${targets[0] ?? ''}`)).toEqual([
      'switchover c-member-3',
      'remove c-member-3',
    ])
  })

  it('reloads what needs no restart: members before new ones start, the edge after them', () => {
    const edge = wanted('c-edge-1', 'edge')
    const all = [...members, edge]
    const steps = planUp(
      observation({
        wanted: [...all.map((one) => ({ ...one, config: 'b' })), wanted('c-member-4', 'member')],
        present: all.map(running),
        primary: 'c-member-1',
      }),
    )
    expect(steps.map(({ kind, targets }) => `${kind} ${targets.join(' ')}`)).toEqual([
      'reload c-member-1 c-member-2 c-member-3',
      'start c-member-4',
      'reload c-edge-1',
    ])
    expect(steps.every(({ interruptsWritesMs }) => interruptsWritesMs === 0)).toBe(true)
  })

  it('starts a stopped container as it is', () => {
    const present = members.map((member) => ({ ...running(member), state: 'exited' }))
    const [step] = planUp(observation({ wanted: members, present }))
    expect(step).toMatchObject({ kind: 'start', targets: members.map(({ name }) => name) })
  })

  it('removes what the file no longer has, after everything else, and leaves strangers alone', () => {
    const present = [
      ...members.map(running),
      { ...running(members[0] ?? wanted('', 'member')), name: 'c-loadgen-1', component: 'loadgen' },
    ]
    const steps = planUp(observation({ wanted: members.slice(0, 2), present }))
    expect(steps).toHaveLength(1)
    expect(steps[0]).toMatchObject({ kind: 'remove', targets: ['c-member-3'] })
  })
})

describe('a container that rests', () => {
  const runner = wanted('c-drill-1', 'drill')
  const resting = (change: Partial<PresentContainer> = {}): PresentContainer => ({
    ...runner,
    state: 'exited',
    ...change,
  })
  const stepsFor = (present: readonly PresentContainer[], part: Partial<UpObservation> = {}) =>
    planUp(observation({ wanted: [runner], present, ...part })).map(
      ({ kind, targets, interruptsWritesMs }) => ({ kind, targets, interruptsWritesMs }),
    )
  const created = [{ kind: 'create', targets: ['c-drill-1'], interruptsWritesMs: 0 }]

  it('is created when it is not there, after what runs and before the databases that it needs are made', () => {
    const steps = planUp(
      observation({ wanted: [...members, runner], databaseSetupPending: true }),
    ).map(({ kind, targets }) => [kind, ...targets].join(' '))
    expect(steps).toEqual([
      'start c-member-1 c-member-2 c-member-3',
      'create c-drill-1',
      'configure-databases',
    ])
  })

  it('is created anew, and not replaced or reloaded, when its image or its configuration is another', () => {
    expect(stepsFor([resting({ image: 'image:0' })])).toEqual(created)
    expect(stepsFor([resting({ config: 'b' })])).toEqual(created)
    expect(stepsFor([resting({ config: 'b', start: 'b', state: 'running' })])).toEqual(created)
  })

  it.each(['created', 'exited', 'running', 'paused'])('is left alone while it is %s', (state) => {
    expect(stepsFor([resting({ state })])).toEqual([])
  })

  it('takes up files that differ when it starts: they are written, and nothing more', () => {
    const changedFiles = ['c-drill-1/config.json']
    expect(stepsFor([resting()], { changedFiles }).map(({ kind }) => kind)).toEqual(['write-files'])
  })

  it('is removed when the file no longer has it, asleep or not', () => {
    for (const state of ['exited', 'running'])
      expect(stepsFor([resting({ state })], { wanted: [] })).toEqual([
        { kind: 'remove', targets: ['c-drill-1'], interruptsWritesMs: 0 },
      ])
  })
})
