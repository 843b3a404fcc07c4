import { describe, expect, it } from 'vitest'

import { IMAGE_NAMES, withParents, type ImageName } from './image-table.ts'
import { hashParts, parsePackagePins, planImageTags, rootFilesystemRef } from './image-tags.ts'

const PINS = parsePackagePins(
  '# pins\nsuite=trixie\npostgres=postgresql-17=17.* patroni=4.0.*\nnginx=nginx=1.26.*\n',
)

function refs(
  changes: Partial<Record<ImageName, string>> = {},
  pins = PINS,
): Record<string, string> {
  const contents = new Map(IMAGE_NAMES.map((name) => [name, changes[name] ?? `content of ${name}`]))
  return Object.fromEntries(
    planImageTags(IMAGE_NAMES, pins, contents).map(({ name, ref }) => [name, ref]),
  )
}

function changed(before: Record<string, string>, after: Record<string, string>): string[] {
  return Object.keys(before).filter((name) => before[name] !== after[name])
}

describe('planImageTags', () => {
  it('gives the same tags for the same content', () => {
    expect(refs()).toEqual(refs())
  })

  it('changes an image and what stands on it, and nothing else', () => {
    expect(changed(refs(), refs({ agent: 'new' }))).toEqual(['agent'])
    expect(changed(refs(), refs({ nginx: 'new' }))).toEqual(['nginx', 'console'])
    expect(changed(refs(), refs({ base: 'new' }))).toEqual([...IMAGE_NAMES])
  })

  it('changes an image when its pins change', () => {
    const pins = parsePackagePins(
      'suite=trixie\npostgres=postgresql-17=17.* patroni=4.1.*\nnginx=nginx=1.26.*\n',
    )
    expect(changed(refs(), refs({}, pins))).toEqual(['postgres', 'backup'])
  })

  it('starts the base image from the root file system, and the others from their parent', () => {
    const contents = new Map(IMAGE_NAMES.map((name) => [name, name]))
    const wanted = planImageTags(['agent'], PINS, contents)
    expect(wanted.map(({ name }) => name)).toEqual(['base', 'node', 'agent'])
    expect(wanted[0]?.parentRef).toBe(rootFilesystemRef(PINS))
    expect(wanted[2]?.parentRef).toBe(wanted[1]?.ref)
  })
})

it('adds the parents of the images asked for, each once and before its children', () => {
  expect(withParents(['console', 'agent', 'nginx'])).toEqual([
    'base',
    'node',
    'nginx',
    'agent',
    'console',
  ])
})

it('keeps the borders of what it hashes', () => {
  expect(hashParts(['ab', 'c'])).not.toBe(hashParts(['a', 'bc']))
})

it('refuses pins without a suite and lines that are no pair', () => {
  expect(() => parsePackagePins('nginx=nginx=1.26.*')).toThrow(/no suite/)
  expect(() => parsePackagePins('suite=trixie\nnginx')).toThrow(/"nginx"/)
})
