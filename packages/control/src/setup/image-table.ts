/** The images of a cluster, as data: what each stands on and what goes into it. */

import type { ClusterSpec } from '@neuronha/core/spec/cluster-spec.ts'
import { hasNotifications, trialRepositoryOf } from '@neuronha/core/topology/containers.ts'

/** How an image gets what its folder in `images/` does not hold. */
export type ImageContent =
  /** Debian packages only. */
  | { readonly kind: 'packages' }
  /** The Node binary of the repository's lockfile. */
  | { readonly kind: 'node' }
  /** One of our processes, each entry bundled into one file, with its package's migrations if it has any. */
  | {
      readonly kind: 'bundle'
      readonly package: string
      readonly entries: Entries
      /** The parent has no Node: it comes along. */
      readonly withNode?: boolean
    }
  /** The console's static files. */
  | { readonly kind: 'console' }

/** File in the image's `/app` → source file in the package. */
type Entries = Readonly<Record<string, string>>

interface ImageRow {
  readonly parent: ImageName | undefined
  readonly content: ImageContent
}

/** In the order in which builds should begin: parents first, then the slowest. */
const NAMES = [
  'base',
  'postgres',
  'node',
  'etcd',
  'nginx',
  'pgbouncer',
  'prometheus',
  'alertmanager',
  'haproxy',
  'agent',
  'desktop-api',
  'mcp',
  'controller',
  'drill',
  'store',
  'backup',
  'console',
  'checkers',
] as const

export type ImageName = (typeof NAMES)[number]
export const IMAGE_NAMES: readonly ImageName[] = NAMES

const fromPackages: ImageRow = { parent: 'base', content: { kind: 'packages' } }

function fromBundle(packageName: string, entries: Entries): ImageRow {
  return { parent: 'node', content: { kind: 'bundle', package: packageName, entries } }
}

export const IMAGES: Readonly<Record<ImageName, ImageRow>> = {
  base: { parent: undefined, content: { kind: 'packages' } },
  postgres: fromPackages,
  etcd: fromPackages,
  haproxy: fromPackages,
  nginx: fromPackages,
  pgbouncer: fromPackages,
  prometheus: fromPackages,
  alertmanager: fromPackages,
  checkers: fromPackages,
  node: { parent: 'base', content: { kind: 'node' } },
  agent: fromBundle('agent', { 'main.mjs': 'src/main.ts' }),
  'desktop-api': fromBundle('desktop-api', { 'main.mjs': 'src/main.ts' }),
  mcp: fromBundle('mcp', { 'main.mjs': 'src/main.ts', 'stdio.mjs': 'src/stdio.ts' }),
  controller: fromBundle('control', { 'main.mjs': 'src/controller/main.ts' }),
  drill: fromBundle('control', {
    'main.mjs': 'src/drills/scheduled/main.ts',
    'loadgen.mjs': 'src/drills/loadgen/main.ts',
  }),
  store: fromBundle('store', { 'main.mjs': 'src/main.ts' }),
  backup: {
    parent: 'postgres',
    content: {
      kind: 'bundle',
      package: 'control',
      entries: {
        'backup.mjs': 'src/backups/main.ts',
        'restore-test.mjs': 'src/backups/restore-test-main.ts',
        'restore.mjs': 'src/backups/restore-main.ts',
        'restore-objects.mjs': 'src/backups/restore-objects-main.ts',
      },
      withNode: true,
    },
  },
  console: { parent: 'nginx', content: { kind: 'console' } },
}

/** What this cluster runs; `up` builds no others. Tests alone use `checkers`. */
export const imagesOf = (spec: ClusterSpec): readonly ImageName[] =>
  IMAGE_NAMES.filter(
    (name) =>
      name !== 'checkers' &&
      (name !== 'alertmanager' || hasNotifications(spec)) &&
      (name !== 'store' || trialRepositoryOf(spec) !== undefined) &&
      (name !== 'backup' || spec.backup.repositories.length > 0),
  )

/** The images given and all that they stand on, parents first. */
export function withParents(names: readonly ImageName[]): readonly ImageName[] {
  const wanted = new Set<ImageName>()
  for (const name of names) {
    for (let next: ImageName | undefined = name; next !== undefined; next = IMAGES[next].parent)
      wanted.add(next)
  }
  return IMAGE_NAMES.filter((name) => wanted.has(name))
}
