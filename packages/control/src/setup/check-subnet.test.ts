import { describe, expect, it } from 'vitest'

import { isOverlapping, parseRoutes } from './check-subnet.ts'

describe('isOverlapping', () => {
  it.each([
    ['10.89.0.0/24', '10.89.0.0/16', true],
    ['10.89.0.0/16', '10.89.7.4/32', true],
    ['10.89.0.0/24', '10.89.1.0/24', false],
    ['192.168.0.0/16', '0.0.0.0/0', true],
    ['172.31.255.0/24', '172.16.0.0/12', true],
    ['10.0.0.0/8', 'fe80::/64', false],
    ['10.0.0.0/8', '10.300.0.0/16', false],
  ])('%s and %s: %s', (left, right, expected) => {
    expect(isOverlapping(left, right)).toBe(expected)
    expect(isOverlapping(right, left)).toBe(expected)
  })
})

it('reads routes, those to one address included, and leaves the default route out', () => {
  const text =
    'default via 10.0.0.1 dev eth0\n10.0.0.0/24 dev eth0 proto kernel scope link\n10.8.0.1 dev tun0 scope link\n'
  expect(parseRoutes(text)).toEqual([
    { cidr: '10.0.0.0/24', owner: 'route via eth0' },
    { cidr: '10.8.0.1/32', owner: 'route via tun0' },
  ])
})
