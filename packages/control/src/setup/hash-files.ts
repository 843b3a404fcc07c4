/** Hashes of files on disk, by content and path; times, owners and the checkout's place do not count. */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

import { hashParts } from './image-tags.ts'

/** All files under a folder, as sorted absolute paths; none when there is no such folder. */
export async function listFiles(
  folder: string,
  isWanted: (path: string) => boolean = () => true,
): Promise<readonly string[]> {
  if (!existsSync(folder)) return []
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => isWanted(relative(folder, path)))
    .sort()
}

/** One hash over files: each one's path relative to `root`, and its content. */
export async function hashFiles(root: string, paths: readonly string[]): Promise<string> {
  const parts = await Promise.all(
    paths.map(async (path) => {
      const hash = createHash('sha256').update(await readFile(path))
      return [relative(root, path), hash.digest('hex')]
    }),
  )
  return hashParts(parts.flat())
}
