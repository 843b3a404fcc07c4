import { describe, expect, it } from 'vitest'

import { DEFAULT_MIRROR, findDebianMirror } from './apt-sources.ts'

describe('findDebianMirror', () => {
  it('reads the deb822 format, with several suites and a comment', () => {
    const text = [
      'Types: deb\n# kept from the installer\nURIs: http://mirror.example/debian/\nSuites: bookworm bookworm-updates',
      'Components: main\n\nTypes: deb\nURIs: http://mirror.example/security\nSuites: bookworm-security\nComponents: main contrib\n',
    ].join('\n')
    expect(findDebianMirror([text], 'bookworm')).toEqual({
      archive: 'http://mirror.example/debian',
      security: 'http://mirror.example/security',
    })
  })

  it('reads one-line sources with options and skips other suites and comments', () => {
    const text = [
      '# deb http://commented.example/debian trixie main',
      'deb http://backports.example/debian trixie-backports main',
      'deb [signed-by=/usr/share/keyrings/x.gpg arch=amd64] https://one.example/debian trixie main contrib',
    ].join('\n')
    expect(findDebianMirror([text], 'trixie').archive).toBe('https://one.example/debian')
  })

  it('ignores disabled stanzas, third-party components and media that cannot be fetched', () => {
    const disabled =
      'Types: deb\nEnabled: no\nURIs: http://off.example\nSuites: trixie\nComponents: main\n'
    const disc = 'deb cdrom:[Debian] trixie main\ndeb http://other.example trixie stable\n'
    expect(findDebianMirror([disabled, disc], 'trixie')).toEqual(DEFAULT_MIRROR)
  })
})
