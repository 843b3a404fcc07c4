import { describe, expect, it } from 'vitest'
import { aSpec } from '../render/testing.ts'
import type { ClusterFile } from './cluster-spec.ts'
import { whyNoScheduledDrills } from './drill-schedule.ts'
import { formatClusterFileIssue, parseClusterFile } from './parse-cluster-file.ts'

const whyNot = (file: ClusterFile): string | null => whyNoScheduledDrills(aSpec(file))

const problemsOf = (text: string): readonly string[] => {
  const parsed = parseClusterFile(text)
  return parsed.kind === 'ok' ? [] : parsed.issues.map(formatClusterFileIssue)
}

describe('drills run by themselves', () => {
  it('in a cluster of the default file, once a month', () => {
    expect(whyNot({})).toBeNull()
    expect(parseClusterFile('')).toMatchObject({
      kind: 'ok',
      spec: {
        drills: {
          schedule: 'monthly',
          scenarios: ['switchover', 'primary-host-loss'],
          confirm: null,
        },
      },
    })
  })

  it('not where the file says never, nor where one member has nobody to take over', () => {
    expect(whyNot({ drills: { schedule: 'never' } })).toBe('drills.schedule is never')
    expect(whyNot({ database: { members: 1, syncStandbys: 0 } })).toBe(
      'one member alone has nobody to take over',
    )
  })

  it('in production only when the file has the cluster’s own name typed once more', () => {
    const shop = { name: 'shop', production: true } as const
    const refusal = 'the cluster is in production: drills.confirm: shop lets them run'
    expect(whyNot(shop)).toBe(refusal)
    expect(whyNot({ ...shop, drills: { confirm: 'stage' } })).toBe(refusal)
    expect(whyNot({ ...shop, drills: { confirm: 'shop' } })).toBeNull()
    expect(whyNot({ ...shop, drills: { confirm: 'shop', schedule: 'never' } })).toBe(
      'drills.schedule is never',
    )
  })
})

describe('the drills of a cluster file', () => {
  it('are any of those that controllers can run, in the order written', () => {
    const parsed = parseClusterFile(
      'drills: { scenarios: [etcd-member-down, switchover, etcd-member-down] }',
    )
    expect(parsed).toMatchObject({
      kind: 'ok',
      spec: { drills: { scenarios: ['etcd-member-down', 'switchover', 'etcd-member-down'] } },
    })
  })

  it('and their times are refused all at once, with how to mend them', () => {
    const problems = problemsOf(`
drills:
  schedule: at night
  scenarios: [switchover, primary-crash]
  every: day
backup:
  full: never
`)
    expect(problems).toEqual([
      expect.stringMatching(
        /^line 3: drills\.schedule: is no schedule \(got "at night"\) — write never, hourly, /,
      ),
      expect.stringMatching(
        /^line 4: drills\.scenarios\.1: is not one of the choices \(got "primary-crash"\) — use switchover or primary-host-loss or /,
      ),
      expect.stringMatching(/^line 5: drills\.every: is not a setting \(got "day"\) — /),
      expect.stringMatching(
        /^line 7: backup\.full: is no schedule \(got "never"\) — write hourly, /,
      ),
    ])
  })

  it('are not none: whoever wants none writes never', () => {
    expect(problemsOf('drills: { scenarios: [] }')).toEqual([
      'line 1: drills.scenarios: is too small (got []) — use 1 or more',
    ])
  })
})
