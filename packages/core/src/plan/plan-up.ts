/**
 * What `up` would do, as data: the very steps that it then runs. Pure, from what is wanted and what was
 * observed.
 */
import { COMPONENTS, isResting, type Component } from '../topology/containers.ts'

/** A container as it should be. */
export interface WantedContainer {
  readonly name: string
  readonly component: Component
  readonly image: string
  /** Hash of everything it is made from. */
  readonly config: string
  /** Hash of what counts only when it starts: while this stays, a reload is enough. */
  readonly start: string
}

/** A container as it is. */
export interface PresentContainer {
  readonly name: string
  readonly component: string
  readonly state: string
  readonly image: string
  /** As it was made, or last reloaded. */
  readonly config: string
  readonly start: string
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
  /** Repositories are to be prepared for this cluster. */
  readonly backupSetupPending: boolean
  /** What lies beside the backups is not what a new machine would need to bring this cluster back. */
  readonly sealedSecretsPending: boolean
  /** What is to be restored before any member runs, and into which one; undefined: nothing. */
  readonly restore: { readonly title: string; readonly member: string } | undefined
  /** Name of the primary, when there is one. */
  readonly primary: string | undefined
  /** Predicted pause of writes when the only member is replaced, milliseconds. */
  readonly predictedStallMs: number
  /** Predicted pause of writes while another member becomes the primary, milliseconds. */
  readonly predictedSwitchoverMs: number
}

export type StepKind =
  | 'prepare-machine'
  | 'build-image'
  | 'write-files'
  | 'start'
  | 'create'
  | 'reload'
  | 'switchover'
  | 'replace'
  | 'remove'
  | 'configure-etcd'
  | 'configure-databases'
  | 'configure-patroni'
  | 'configure-backups'
  | 'seal-secrets'
  | 'restore'

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
function step(kind: StepKind, title: string, targets: readonly string[], why: string): Step {
  return { kind, title, targets, why, interruptsWritesMs: 0 }
}

/** The steps from what is to what is wanted, in order; empty when there is nothing to do. */
export function planUp(observation: UpObservation): readonly Step[] {
  const { absent, stopped, replaced, reloaded, resting } = compare(observation)
  const starting = [...absent, ...stopped]
  const etcd = starting.filter(({ component }) => component === 'etcd')
  const others = starting.filter(({ component }) => component !== 'etcd')
  const isMember = ({ component }: WantedContainer): boolean => component === 'member'
  return [
    ...observation.machine.map(({ title, why }) => step('prepare-machine', title, [], why)),
    ...observation.missingImages.map((image) =>
      step('build-image', `build image ${image}`, [image], 'it does not exist on this machine'),
    ),
    ...writeSteps(observation.changedFiles),
    ...startSteps(etcd, 'etcd comes first: everything else asks it'),
    ...pendingStep(observation.etcdAuthPending, CONFIGURE_ETCD),
    // Members before what is new: a new member copies from one that must let it in.
    ...reloadSteps(reloaded.filter(isMember)),
    ...restoreSteps(observation, others),
    ...startSteps(others, 'they are wanted and do not run'),
    ...createSteps(resting),
    ...pendingStep(observation.databaseSetupPending, CONFIGURE_DATABASES),
    ...pendingStep(observation.patroniConfigPending, CONFIGURE_PATRONI),
    ...reloadSteps(reloaded.filter((container) => !isMember(container))),
    ...replaceSteps(replaced, observation),
    // Every member has its configuration by now.
    ...pendingStep(observation.backupSetupPending, CONFIGURE_BACKUPS),
    ...pendingStep(observation.sealedSecretsPending, SEAL_SECRETS),
    ...removeSteps(observation),
  ]
}

interface Differences {
  readonly absent: readonly WantedContainer[]
  readonly stopped: readonly WantedContainer[]
  readonly replaced: readonly WantedContainer[]
  readonly reloaded: readonly WantedContainer[]
  /** To be made anew, and left stopped. */
  readonly resting: readonly WantedContainer[]
}

/** What stands between each wanted container and the one that is there. */
function compare({ wanted, present, changedFiles }: UpObservation): Differences {
  const found = new Map(present.map((container) => [container.name, container]))
  const kindOf = (container: WantedContainer): keyof Differences | 'same' => {
    const there = found.get(container.name)
    if (isResting(container.component)) {
      const isSame = there?.image === container.image && there.config === container.config
      return isSame ? 'same' : 'resting'
    }
    if (there === undefined) return 'absent'
    if (there.image !== container.image || there.start !== container.start) return 'replaced'
    if (there.state !== 'running') return 'stopped'
    // Files that differ although it was made from them were left so by something that was interrupted.
    const isTouched = changedFiles.some((path) => path.startsWith(`${container.name}/`))
    return there.config === container.config && !isTouched ? 'same' : 'reloaded'
  }
  const of = (kind: keyof Differences): readonly WantedContainer[] =>
    wanted.filter((container) => kindOf(container) === kind)
  return {
    absent: of('absent'),
    stopped: of('stopped'),
    replaced: of('replaced'),
    reloaded: of('reloaded'),
    resting: of('resting'),
  }
}

const CONFIGURE_ETCD = step(
  'configure-etcd',
  'give etcd its users and roles',
  [],
  'access control is off until then',
)
const CONFIGURE_DATABASES = step(
  'configure-databases',
  'create roles, databases and schemas',
  [],
  'they changed or do not exist',
)
const CONFIGURE_PATRONI = step(
  'configure-patroni',
  'give Patroni the settings that all members share',
  [],
  'they changed or are not known to be there',
)

const CONFIGURE_BACKUPS = step(
  'configure-backups',
  'prepare the repositories of backups',
  [],
  'WAL waits on the members until they know this cluster',
)

const SEAL_SECRETS = step(
  'seal-secrets',
  'put the sealed secrets beside the backups',
  [],
  'they changed or are not there: a new machine needs them to bring this cluster back',
)

/** A member that starts without data makes an empty database: the data comes first, and the repository before that. */
const restoreSteps = (
  { restore }: UpObservation,
  starting: readonly WantedContainer[],
): readonly Step[] => {
  if (restore === undefined) return []
  const stores = starting.filter(({ component }) => component === 'store')
  return [
    ...startSteps(stores, 'what is restored comes from there'),
    step(
      'restore',
      restore.title,
      [restore.member],
      'it was ordered; every other member copies from this one',
    ),
  ]
}

const pendingStep = (isPending: boolean, pending: Step): readonly Step[] =>
  isPending ? [pending] : []

const writeSteps = (files: readonly string[]): readonly Step[] =>
  files.length === 0
    ? []
    : [
        step(
          'write-files',
          `write ${countOf(files, 'file')}`,
          files,
          'configuration, certificates and secrets of the containers',
        ),
      ]

const reloadSteps = (containers: readonly WantedContainer[]): readonly Step[] =>
  containers.length === 0
    ? []
    : [
        step(
          'reload',
          `reload ${countOf(containers, 'container')}`,
          containers.map(({ name }) => name),
          'their configuration changed in a way that needs no restart',
        ),
      ]

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

const createSteps = (containers: readonly WantedContainer[]): readonly Step[] =>
  containers.length === 0
    ? []
    : [
        step(
          'create',
          `create ${countOf(containers, 'container')} that ${containers.length === 1 ? 'rests' : 'rest'}`,
          containers.map(({ name }) => name),
          'controllers start them when they are needed',
        ),
      ]

/**
 * Bottom layer first. Among members the standbys come first; then, if the primary is to be replaced or removed, another
 * member becomes the primary, which is the only pause of writes; then the old one.
 */
function replaceSteps(
  containers: readonly WantedContainer[],
  observation: UpObservation,
): readonly Step[] {
  const primary = observation.primary
  const rank = ({ component, name }: WantedContainer): number =>
    rankOf(component) * 2 + (name === primary ? 1 : 0)
  const ordered = [...containers].sort((left, right) => rank(left) - rank(right))
  const isBelowOrStandby = ({ component, name }: WantedContainer): boolean =>
    rankOf(component) <= rankOf('member') && name !== primary
  return [
    ...ordered.filter(isBelowOrStandby).map((container) => replaceStep(container, observation)),
    ...switchoverSteps(containers, observation),
    ...ordered
      .filter((container) => !isBelowOrStandby(container))
      .map((container) => replaceStep(container, observation)),
  ]
}

/** A member that stays and runs can stand in. */
const hasStandIn = ({ wanted, present, primary }: UpObservation): boolean =>
  wanted.some(
    ({ component, name }) =>
      component === 'member' &&
      name !== primary &&
      present.some((there) => there.name === name && there.state === 'running'),
  )

function switchoverSteps(
  replaced: readonly WantedContainer[],
  observation: UpObservation,
): readonly Step[] {
  const { wanted, primary, predictedSwitchoverMs } = observation
  if (primary === undefined || !hasStandIn(observation)) return []
  const stays = wanted.some(({ name }) => name === primary)
  if (stays && !replaced.some(({ name }) => name === primary)) return []
  const why = stays ? `${primary} is replaced after it` : `${primary} is removed after it`
  return [
    {
      ...step('switchover', 'make another member the primary', [primary], why),
      interruptsWritesMs: predictedSwitchoverMs,
    },
  ]
}

function replaceStep(container: WantedContainer, observation: UpObservation): Step {
  const found = observation.present.find(({ name }) => name === container.name)
  const why = found?.image === container.image ? 'its configuration changed' : 'its image changed'
  const isOnlyMember = container.name === observation.primary && !hasStandIn(observation)
  return {
    ...step('replace', `replace ${container.name}`, [container.name], why),
    interruptsWritesMs: isOnlyMember ? observation.predictedStallMs : 0,
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
