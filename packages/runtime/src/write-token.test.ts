import { describe, expect, it } from 'vitest'
import { COOKIES, HEADERS } from '@neuronha/core/contracts/http-names.ts'
import { hasReached, readWriteToken, signWriteToken, verifyWriteToken } from './write-token.ts'

const KEY = 'a signing key'

describe('write tokens', () => {
  it('come back as they were signed', () => {
    const token = { lsn: '16/B374D848', timeline: 7 }
    expect(verifyWriteToken(signWriteToken(token, KEY), KEY)).toEqual(token)
  })

  it('are worth nothing when changed, cut or signed by another cluster', () => {
    const text = signWriteToken({ lsn: '0/10', timeline: 1 }, KEY)
    expect(verifyWriteToken(text.replace('0-10', '0-11'), KEY)).toBeNull()
    expect(verifyWriteToken(text.slice(0, -2), KEY)).toBeNull()
    expect(verifyWriteToken(text, 'another key')).toBeNull()
    expect(verifyWriteToken('', KEY)).toBeNull()
  })

  it('compare LSNs as numbers, not as text', () => {
    const at = (lsn: string, timeline = 1) => ({ lsn, timeline })
    expect(hasReached(at('0/A0'), at('0/9F'))).toBe(true)
    expect(hasReached(at('1/0'), at('0/FFFFFFFF'))).toBe(true)
    expect(hasReached(at('0/FFFFFFFF'), at('1/0'))).toBe(false)
  })

  it('are not reached on an older timeline, however far it went', () => {
    expect(hasReached({ lsn: 'F/0', timeline: 1 }, { lsn: '0/1', timeline: 2 })).toBe(false)
  })

  it('are read from header and cookie, and the newer one counts', () => {
    const older = signWriteToken({ lsn: '0/10', timeline: 1 }, KEY)
    const newer = signWriteToken({ lsn: '0/20', timeline: 1 }, KEY)
    const headers = { [HEADERS.lastWrite]: older, cookie: `a=b; ${COOKIES.lastWrite}=${newer}` }
    expect(readWriteToken({ headers }, KEY)?.lsn).toBe('0/20')
    expect(readWriteToken({ headers: {} }, KEY)).toBeUndefined()
  })
})
