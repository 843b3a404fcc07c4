import { expect, it } from 'vitest'
import { cutOffLine, guideLine, guidePattern } from './router-guide.ts'

const MEMBERS = ['c-member-1', 'c-member-2', 'c-member-3']
const pattern = new RegExp(guidePattern(MEMBERS))

it('sends writes to one member and away from all others, in a line that routers let through', () => {
  const line = guideLine(MEMBERS, 'c-member-2')
  expect(line).toBe(
    'set server write/c-member-2 health up;set server write/c-member-1 health down;set server write/c-member-3 health down\n',
  )
  expect(line).toMatch(pattern)
})

it('sends writes away from one member without saying where', () => {
  expect(cutOffLine('c-member-1')).toBe('set server write/c-member-1 health down\n')
  expect(cutOffLine('c-member-1')).toMatch(pattern)
})

it.each([
  'show info\n',
  'set server write/c-member-1 state maint\n',
  'set server read/c-member-1 health down\n',
  'set server write/c-member-9 health up\n',
  'set server write/c-member-1 health up;shutdown sessions server write/c-member-1\n',
  'set server write/c-member-1 health up\nshow sess\n',
  'set server write/c-member-1 health up',
  'prompt;set server write/c-member-1 health up\n',
])('has routers refuse %j', (line) => {
  expect(line).not.toMatch(pattern)
})
