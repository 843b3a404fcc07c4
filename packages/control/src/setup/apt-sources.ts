/** Reads which mirror a Debian machine uses, so that images come from the same place. Pure. */

export interface DebianMirror {
  /** The archive, e.g. `http://deb.debian.org/debian`. */
  readonly archive: string
  readonly security: string
}

export const DEFAULT_MIRROR: DebianMirror = {
  archive: 'http://deb.debian.org/debian',
  security: 'http://deb.debian.org/debian-security',
}

interface Source {
  readonly uri: string
  readonly suite: string
}

/**
 * The mirror in a machine's apt sources; Debian's own for what they do not name.
 *
 * @param files the texts of `sources.list` and of the files in `sources.list.d`, in either format
 * @param codename of the machine's release, e.g. `bookworm`
 */
export function findDebianMirror(files: readonly string[], codename: string): DebianMirror {
  const sources = files.flatMap((text) =>
    /^Types:/m.test(text) ? parseDeb822(text) : parseOneLine(text),
  )
  const uriOf = (suite: string): string | undefined =>
    sources.find((source) => source.suite === suite && /^https?:/.test(source.uri))?.uri

  return {
    archive: uriOf(codename) ?? DEFAULT_MIRROR.archive,
    security: uriOf(`${codename}-security`) ?? DEFAULT_MIRROR.security,
  }
}

function parseOneLine(text: string): Source[] {
  return text.split('\n').flatMap((line) => {
    const match = /^\s*deb\s+(?:\[[^\]]*\]\s+)?(\S+)\s+(\S+)\s+(.*)$/.exec(line)
    const [, uri, suite, components] = match ?? []
    if (uri === undefined || suite === undefined || components === undefined) return []
    return hasMain(components) ? [{ uri: trimSlash(uri), suite }] : []
  })
}

function parseDeb822(text: string): Source[] {
  return text.split(/\n\s*\n/).flatMap((stanza) => {
    const field = (name: string): string[] => {
      const value =
        new RegExp(`^${name}:[ \\t]*(.*(?:\\n[ \\t]+.*)*)`, 'im').exec(stanza)?.[1] ?? ''
      return value.split(/\s+/).filter((word) => word !== '')
    }
    if (field('Enabled')[0] === 'no' || !field('Types').includes('deb')) return []
    if (!hasMain(field('Components').join(' '))) return []
    return field('URIs').flatMap((uri) =>
      field('Suites').map((suite) => ({ uri: trimSlash(uri), suite })),
    )
  })
}

const hasMain = (components: string): boolean => components.split(/\s+/).includes('main')
const trimSlash = (uri: string): string => uri.replace(/\/+$/, '')
