import { describe, expect, it } from 'vitest'
import { toPlatformError, type PlatformError } from '@neuronha/core/errors.ts'
import { aSpec, fakeSecrets } from '@neuronha/core/render/testing.ts'
import { openSealedSecrets, sealSecrets } from './sealed-secrets.ts'

const secrets = fakeSecrets(aSpec({ name: 'demo' }))
const key = secrets.backup.cipherPass
const sealed = (): string => sealSecrets('demo', secrets, new Date('2026-11-29T01:00:00Z'))

const refusalOf = (text: string, cluster = 'demo', withKey = key): PlatformError => {
  try {
    openSealedSecrets(cluster, text, withKey)
  } catch (thrown) {
    return toPlatformError(thrown)
  }
  return expect.fail('it was opened')
}

const changed = (text: string, change: (fields: Record<string, string>) => void): string => {
  const fields = JSON.parse(text) as Record<string, string>
  change(fields)
  return JSON.stringify(fields)
}

const flipped = (base64 = ''): string => {
  const bytes = Buffer.from(base64, 'base64')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return bytes.toString('base64')
}

describe('the secrets beside the backups', () => {
  it('come back whole with the key of the backups', () => {
    expect(openSealedSecrets('demo', sealed(), key)).toEqual(secrets)
  })

  it('show nothing of what they hold, and never look the same twice', () => {
    const [first, second] = [sealed(), sealed()]
    const words = [key, secrets.signingKey, secrets.apiKeys.admin, secrets.roles.agent.password]
    for (const word of words) expect(first).not.toContain(word)
    expect(changed(first, () => undefined)).not.toBe(changed(second, () => undefined))
  })

  it('do not open with another key', () => {
    const { code, message } = refusalOf(sealed(), 'demo', 'another')
    expect(code).toBe('BACKUP_FAILED')
    expect(message).toContain('another key')
  })

  it.each(['salt', 'nonce', 'tag', 'sealed'])('do not open when their %s was changed', (field) => {
    const text = changed(sealed(), (fields) => (fields[field] = flipped(fields[field])))
    expect(refusalOf(text).message).toContain('changed since')
  })

  it('are refused as those of another cluster, whatever name is written on them', () => {
    expect(refusalOf(sealed(), 'other').message).toContain('those of demo, not of other')
    const renamed = changed(sealed(), (fields) => (fields['cluster'] = 'other'))
    expect(refusalOf(renamed, 'other').message).toContain('cannot be opened')
  })

  it.each(['', 'rubbish', '{}'])('are refused when they are none: %j', (text) => {
    expect(refusalOf(text).hint).toContain('--without-secrets')
  })
})
