import { expect, test } from 'vitest'
import type { ClusterStatus, MemberStatus } from '@neuronha/core/contracts/cluster-status.ts'
import { leadershipMove } from './etcd-placement.ts'

const places = ['alpha', 'beta', 'gamma'].map((host, index) => ({
  name: `etcd-${index + 1}`,
  address: `10.0.0.${index + 1}`,
  host,
}))

const seen = (
  leader: string,
  primaryHost: string | null,
  unhealthy: readonly string[] = [],
): Pick<ClusterStatus, 'etcd' | 'members'> => ({
  etcd: places.map(({ name }) => ({
    name,
    healthy: !unhealthy.includes(name),
    detail: '',
    leader: name === leader,
    db_bytes: 1,
  })),
  members: primaryHost === null ? [] : [{ role: 'primary', host: primaryHost } as MemberStatus],
})

test('etcd’s leader leaves the primary’s host for a healthy member on another one', () => {
  const move = leadershipMove(seen('etcd-1', 'alpha'), places)
  expect(move).toMatchObject({ from: { name: 'etcd-1' }, to: { name: 'etcd-2' } })
  const without = leadershipMove(seen('etcd-1', 'alpha', ['etcd-2']), places)
  expect(without?.to.name).toBe('etcd-3')
})

test('it stays where it is well, and where there is nowhere else', () => {
  expect(leadershipMove(seen('etcd-2', 'alpha'), places)).toBeUndefined()
  expect(leadershipMove(seen('etcd-1', null), places)).toBeUndefined()
  expect(leadershipMove(seen('', 'alpha'), places)).toBeUndefined()
  const oneHost = places.map((place) => ({ ...place, host: 'local' }))
  expect(leadershipMove(seen('etcd-1', 'local'), oneHost)).toBeUndefined()
})
