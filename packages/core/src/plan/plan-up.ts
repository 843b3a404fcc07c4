/**
 * What `up` would do, as data: the very steps that it then runs. Pure, from what is wanted and what was
 * observed.
 */
import { COMPONENTS, type Component } from '../topology/containers.ts'

/** A container as it should be. */
export interface WantedContainer {
  readonly name: string
  readonly component: Component
  readonly image: string
  /** Hash of everything it is made from. */
  readonly config: string
}

/** A container as it is. */
export interface PresentContainer {
  readonly name: string
  readonly component: string
  readonly state: string
  readonly image: string
  readonly config: string
}

export interface UpObservation {
  /** Things to install or start on the machine, with the reason. */
  readonly machine: readonly { readonly title: string; readonly why: string }[]
  readonly missingImages: readonly string[]
  readonly wanted: readonly WantedContainer[]
  readonly present: readonly PresentContainer[]
  /** Rendered files that differ from those on disk. */
  readonly changedFiles: readonly string[]
  readonly etcdAuthPending: boolean
  readonly databaseSetupPending: boolean
  readonly patroniConfigPending: boolean
  /** Name of the primary, when there is one. */
  readonly primary: string | undefined
  /** Predicted pause of writes when a primary is replaced, milliseconds. */
  readonly predictedStallMs: number
}

export type StepKind =
  | 'prepare-machine'
  | 'build-image'
  | 'write-files'
  | 'start'
  | 'replace'
  | 'remove'
  | 'configure-etcd'
  | 'configure-databases'
  | 'configure-patroni'

export interface Step {
  readonly kind: StepKind
  readonly title: string
  /** Containers, images or files it acts on. */
  readonly targets: readonly string[]
  readonly why: string
  /** Predicted pause of writes, milliseconds; 0 for none. */
  readonly interruptsWritesMs: number
}

/** A step that pauses no write. */
const step = (kind: StepKind, title: string, targets: readonly string[], why: string): Step => ({
  kind,
  title,
  targets,
  why,
  interruptsWritesMs: 0,
})

/** The steps from what is to what is wanted, in order; empty when there is nothing to do. */
export function planUp(observation: UpObservation): readonly Step[] {
  const present = new Map(observation.present.map((container) => [container.name, container]))
  const absent = observation.wanted.filter(({ name }) => !present.has(name))
  const differing = observation.wanted.filter((wanted) => {
    const found = present.get(wanted.name)
    return found !== undefined && (found.config !== wanted.config || found.image !== wanted.image)
  })
  const stopped = observation.wanted.filter((wanted) => {
    const found = present.get(wanted.name)
    return found !== undefined && !differing.includes(wanted) && found.state !== 'running'
  })
  const starting = [...absent, ...stopped]
  const etcd = starting.filter(({ component }) => component === 'etcd')
  const others = starting.filter(({ component }) => component !== 'etcd')
  return [
    ...observation.machine.map(({ title, why }) => step('prepare-machine', title, [], why)),
    ...observation.missingImages.map((image) =>
      step('build-image', `build image ${image}`, [image], 'it does not exist on this machine'),
    ),
    ...(observation.changedFiles.length > 0
      ? [
          step(
            'write-files',
            `write ${countOf(observation.changedFiles, 'file')}`,
            observation.changedFiles,
            'configuration, certificates and secrets of the containers',
          ),
        ]
      : []),
    ...startSteps(etcd, 'etcd comes first: everything else asks it'),
    ...(observation.etcdAuthPending
      ? [
          step(
            'configure-etcd',
            'give etcd its users and roles',
            [],
            'access control is off until then',
          ),
        ]
      : []),
    ...startSteps(others, 'they are wanted and do not run'),
    ...(observation.databaseSetupPending
      ? [
          step(
            'configure-databases',
            'create roles, databases and schemas',
            [],
            'they changed or do not exist',
          ),
        ]
      : []),
    ...(observation.patroniConfigPending
      ? [
          step(
            'configure-patroni',
            'give Patroni the settings that all members share',
            [],
            'they changed or are not known to be there',
          ),
        ]
      : []),
    ...inReplacementOrder(differing, observation.primary).map((container) =>
      replaceStep(container, observation),
    ),
    ...removeSteps(observation),
  ]
}

const countOf = (items: readonly unknown[], noun: string): string =>
  `${items.length} ${noun}${items.length === 1 ? '' : 's'}`

const startSteps = (containers: readonly WantedContainer[], why: string): readonly Step[] =>
  containers.length === 0
    ? []
    : [
        step(
          'start',
          `start ${countOf(containers, 'container')}`,
          containers.map(({ name }) => name),
          why,
        ),
      ]

/** Bottom layer first; among members the standbys before the primary, so that writes pause once at most. */
function inReplacementOrder(
  containers: readonly WantedContainer[],
  primary: string | undefined,
): readonly WantedContainer[] {
  const rank = ({ component, name }: WantedContainer): number =>
    COMPONENTS.indexOf(component) * 2 + (name === primary ? 1 : 0)
  return [...containers].sort((left, right) => rank(left) - rank(right))
}

function replaceStep(container: WantedContainer, observation: UpObservation): Step {
  const found = observation.present.find(({ name }) => name === container.name)
  const why = found?.image === container.image ? 'its configuration changed' : 'its image changed'
  const isPrimary = container.name === observation.primary
  return {
    ...step('replace', `replace ${container.name}`, [container.name], why),
    interruptsWritesMs: isPrimary ? observation.predictedStallMs : 0,
  }
}

/** Removes what is no longer wanted, top layer first. */
function removeSteps(observation: UpObservation): readonly Step[] {
  const wanted = new Set(observation.wanted.map(({ name }) => name))
  return observation.present
    .filter(({ name, component }) => !wanted.has(name) && isComponent(component))
    .sort((left, right) => rankOf(right.component) - rankOf(left.component))
    .map(({ name }) =>
      step(
        'remove',
        `stop and remove ${name}`,
        [name],
        'the cluster file no longer has it; its volume stays',
      ),
    )
}

const isComponent = (component: string): boolean => COMPONENTS.some((known) => known === component)
const rankOf = (component: string): number => COMPONENTS.findIndex((known) => known === component)
