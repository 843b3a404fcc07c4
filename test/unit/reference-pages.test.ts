import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { REFERENCE_PAGES, REPOSITORY } from '../reference-pages.ts'

describe('reference pages', () => {
  it.each(Object.entries(REFERENCE_PAGES))('%s is what the code says', async (path, render) => {
    const written = await readFile(join(REPOSITORY, path), 'utf8')
    expect(written, 'run `npm run docs`').toBe(render())
  })
})
