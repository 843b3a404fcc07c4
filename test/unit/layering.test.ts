/** Holds the arrows of ARCHITECTURE: who may import whom, read from the imports themselves. */
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REPOSITORY } from '../reference-pages.ts'

/** Packages that each package may import. */
const ARROWS: Readonly<Record<string, readonly string[]>> = {
  core: [],
  runtime: ['core'],
  control: ['runtime', 'core'],
  agent: ['runtime', 'core'],
  'desktop-api': ['runtime', 'core'],
  mcp: ['runtime', 'core'],
  console: ['core'],
}

/** The only outside packages that the pure core may import. */
const CORE_LIBRARIES = new Set(['zod', 'yaml', 'croner'])
const IMPORT =
  /^\s*(?:import|export)\s[^;'"]*?from\s+['"]([^'"]+)['"]|^\s*import\s+['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/gm

interface Import {
  readonly file: string
  readonly target: string
}

const importsOf = (name: string): readonly Import[] =>
  globSync(`packages/${name}/src/**/*.{ts,tsx}`, { cwd: REPOSITORY }).flatMap((file) =>
    [...readFileSync(join(REPOSITORY, file), 'utf8').matchAll(IMPORT)].map((match) => ({
      file,
      target: match[1] ?? match[2] ?? match[3] ?? '',
    })),
  )

const isTest = (file: string): boolean => /\.test\.tsx?$|\/testing(\/|\.ts)/.test(file)

describe.each(Object.entries(ARROWS))('package %s', (name, allowed) => {
  const imports = importsOf(name)

  it('has imports to check', () => {
    expect(imports.length).toBeGreaterThan(0)
  })

  it(`imports only ${allowed.length > 0 ? allowed.join(' and ') : 'itself'} of the project`, () => {
    const wrong = imports.filter(({ target }) => {
      const [, packageName] = /^@neuronha\/([^/]+)/.exec(target) ?? []
      return packageName !== undefined && !allowed.includes(packageName)
    })
    expect(wrong).toEqual([])
  })

  it('reaches no other package by a relative path', () => {
    const wrong = imports.filter(({ file, target }) => {
      if (!target.startsWith('.')) return false
      return !join(file, '..', target).startsWith(`packages/${name}/`)
    })
    expect(wrong).toEqual([])
  })
})

describe('the pure core', () => {
  it('imports nothing of Node and no library but zod, yaml and croner', () => {
    const wrong = importsOf('core').filter(
      ({ file, target }) => !isTest(file) && !target.startsWith('.') && !CORE_LIBRARIES.has(target),
    )
    expect(wrong).toEqual([])
  })
})

describe('the PostgreSQL client', () => {
  it('is imported by runtime/postgres alone', () => {
    const wrong = Object.keys(ARROWS)
      .flatMap(importsOf)
      .filter(
        ({ file, target }) => target === 'pg' && !file.startsWith('packages/runtime/src/postgres/'),
      )
    expect(wrong).toEqual([])
  })
})

describe('decisions', () => {
  it('in core/plan and core/render act on nothing', () => {
    const wrong = importsOf('core').filter(({ target }) => /^(node:|undici|fastify)/.test(target))
    expect(wrong.filter(({ file }) => !isTest(file))).toEqual([])
  })
})
