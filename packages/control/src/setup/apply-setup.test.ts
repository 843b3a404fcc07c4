import { expect, it } from 'vitest'

import { findLockHolder, showSteps } from './apply-setup.ts'

it('finds who holds the lock of a file, and not who waits for it or holds another', () => {
  const locks = [
    '1: POSIX  ADVISORY  WRITE 777 fe:00:1234 0 EOF',
    '1: -> POSIX  ADVISORY  WRITE 888 fe:00:5678 0 EOF',
    '2: POSIX  ADVISORY  READ 999 fe:00:42 0 EOF',
    '3: FLOCK  ADVISORY  WRITE 4242 fe:00:42 0 EOF',
  ].join('\n')
  expect(findLockHolder(locks, 1234)).toBe(777)
  expect(findLockHolder(locks, 42)).toBe(4242)
  expect(findLockHolder(locks, 5678)).toBeUndefined()
})

it('shows commands that a shell would run as planned', () => {
  const step = {
    id: 'compose',
    title: 't',
    why: 'w',
    installs: true,
    commands: [['sh', '/a b/x.sh', 'y']],
  } as const
  expect(showSteps([step])).toBe("  sh '/a b/x.sh' y")
})
