import { expect, test } from 'vitest'
import { FakeKv } from '../events/testing.ts'
import { changeMaintenance, parseMaintenance, readMaintenance } from './maintenance.ts'

const KEY = '/neuronha/demo/maintenance'
const by = (name: string) => ({ by: name, why: 'disks', since: '2026-11-23T20:00:00.000Z' })

test('is remembered, changed and ended', async () => {
  const kv = new FakeKv()
  expect(await readMaintenance(kv, 'demo')).toBeNull()
  expect(await changeMaintenance(kv, 'demo', () => by('ana'))).toEqual({
    before: null,
    after: by('ana'),
  })
  expect(await readMaintenance(kv, 'demo')).toEqual(by('ana'))
  const changed = await changeMaintenance(kv, 'demo', () => by('ben'))
  expect(changed.before).toEqual(by('ana'))
  expect((await changeMaintenance(kv, 'demo', () => null)).before).toEqual(by('ben'))
  expect(kv.keys).toEqual([])
})

test('of two who change it at once, the second decides from what the first one left', async () => {
  const kv = new FakeKv()
  let isFirst = true
  const seen: (string | undefined)[] = []
  await changeMaintenance(kv, 'demo', (before) => {
    seen.push(before?.by)
    if (isFirst) void kv.transaction([], [{ put: KEY, value: JSON.stringify(by('other')) }])
    isFirst = false
    return by('ana')
  })
  expect(seen).toEqual([undefined, 'other'])
  expect(await readMaintenance(kv, 'demo')).toEqual(by('ana'))
})

test('an entry that cannot be read counts as maintenance', () => {
  expect(parseMaintenance('{')).toMatchObject({ by: 'unknown' })
})
