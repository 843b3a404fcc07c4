import { describe, expect, it } from 'vitest'
import { createPasswords } from './password.ts'

describe('passwords', () => {
  it('are kept as salted Argon2id and recognised again', async () => {
    const passwords = createPasswords()
    const [one, other] = await Promise.all([
      passwords.hash('right horse'),
      passwords.hash('right horse'),
    ])
    expect(one).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
    expect(other).not.toBe(one)
    expect(await passwords.verify('right horse', one)).toBe(true)
    expect(await passwords.verify('wrong horse', one)).toBe(false)
  })

  it('are recognised however the keyboard composed them', async () => {
    const passwords = createPasswords()
    const stored = await passwords.hash('caf\u00e9')
    expect(await passwords.verify('cafe\u0301', stored)).toBe(true)
  })

  it('never match an account that does not exist, or a hash that cannot be read', async () => {
    const passwords = createPasswords()
    expect(await passwords.verify('', undefined)).toBe(false)
    expect(await passwords.verify('x', 'not a hash')).toBe(false)
  })
})
