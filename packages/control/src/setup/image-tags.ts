/**
 * What an image's tag is: a hash of everything that decides its content. An image with the wanted
 * tag is therefore the wanted image, and nothing is built twice. Pure.
 */
import { createHash } from 'node:crypto'

import { PlatformError } from '@neuronha/core/errors.ts'

import { IMAGES, withParents, type ImageName } from './image-table.ts'

/** `images/packages.env`: the Debian release, and the pinned packages of each image. */
export interface PackagePins {
  readonly suite: string
  readonly packages: ReadonlyMap<string, string>
}

export interface WantedImage {
  readonly name: ImageName
  /** `neuronha/postgres:1f0c9a7be512`. */
  readonly ref: string
  /** The reference that its Dockerfile starts FROM. */
  readonly parentRef: string
  readonly packages: string
}

/** Bump to rebuild everything after a change in how the root file system is made. */
const ROOT_RECIPE = '1'

/** The reference of the bare Debian that the base image stands on. */
export function rootFilesystemRef(pins: PackagePins): string {
  return `neuronha/rootfs:${pins.suite}-${shortHash([ROOT_RECIPE, pins.suite])}`
}

/**
 * The images wanted, with their tags, parents first.
 *
 * @param contents for each image, a hash over its folder, its bundle and whatever else is copied in;
 *   it must hold an entry for each of `names` and for all their parents
 */
export function planImageTags(
  names: readonly ImageName[],
  pins: PackagePins,
  contents: ReadonlyMap<ImageName, string>,
): readonly WantedImage[] {
  const refs = new Map<ImageName, string>()
  return withParents(names).map((name) => {
    const { parent } = IMAGES[name]
    const parentRef =
      parent === undefined ? rootFilesystemRef(pins) : present(refs.get(parent), parent)
    const packages = pins.packages.get(name) ?? ''
    const content = present(contents.get(name), name)
    const ref = `neuronha/${name}:${shortHash([parentRef, packages, content])}`
    refs.set(name, ref)
    return { name, ref, parentRef, packages }
  })
}

/** Reads `images/packages.env`. */
export function parsePackagePins(text: string): PackagePins {
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'))
  const pairs = lines.map((line): [string, string] => {
    const at = line.indexOf('=')
    if (at <= 0)
      throw new PlatformError(
        'IMAGE_BUILD_FAILED',
        `images/packages.env: no "name=value" in "${line}"`,
      )
    return [line.slice(0, at).trim(), line.slice(at + 1).trim()]
  })
  const { suite, ...packages } = Object.fromEntries(pairs)
  if (suite === undefined)
    throw new PlatformError('IMAGE_BUILD_FAILED', 'images/packages.env names no suite')
  return { suite, packages: new Map(Object.entries(packages)) }
}

/** A hash of parts whose borders count: `['ab', 'c']` differs from `['a', 'bc']`. */
export function hashParts(parts: readonly string[]): string {
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex')
}

function shortHash(parts: readonly string[]): string {
  return hashParts(parts).slice(0, 12)
}

function present(value: string | undefined, name: ImageName): string {
  if (value === undefined) throw new PlatformError('INTERNAL', `no content hash of image ${name}`)
  return value
}
