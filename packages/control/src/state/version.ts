/** Which code runs here, in a word that tells one state of it from another. */
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { run } from '@neuronha/runtime/exec.ts'

const ROOT = fileURLToPath(new URL('../../../../', import.meta.url))

/** The commit of the checkout, with `+` when something was changed since; without git the version and the images. */
export async function codeVersion(images: readonly string[]): Promise<string> {
  const git = async (...args: readonly string[]): Promise<string | undefined> => {
    // Root runs this in a checkout that belongs to somebody else.
    const all = ['-c', `safe.directory=${ROOT.replace(/\/$/, '')}`, '-C', ROOT, ...args]
    const result = await run('git', all).catch(() => undefined)
    return result?.code === 0 ? result.stdout.trim() : undefined
  }
  const commit = await git('rev-parse', '--short=12', 'HEAD')
  if (commit !== undefined) {
    const changes = await git('status', '--porcelain', '--untracked-files=no')
    return changes === '' ? commit : `${commit}+`
  }
  const { version } = JSON.parse(await readFile(`${ROOT}package.json`, 'utf8')) as {
    version: string
  }
  return [version, ...images.map((image) => image.split(':').at(-1) ?? image)].join('-')
}
