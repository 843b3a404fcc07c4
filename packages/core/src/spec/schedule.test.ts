import { describe, expect, it } from 'vitest'
import { nextAfter, scheduleOrNever, scheduleSchema } from './schedule.ts'

/** A Monday. */
const FROM = '2026-11-23T03:00:00.000Z'

const next = (schedule: string, from = FROM): string | null => {
  const found = nextAfter(schedule, Date.parse(from))
  return found === null ? null : new Date(found).toISOString()
}

const problemOf = (text: string, schema = scheduleSchema): string | undefined =>
  schema.safeParse(text).error?.issues[0]?.message

describe('the next time', () => {
  it.each([
    ['hourly', '2026-11-23T03:17:00.000Z'],
    ['daily', '2026-11-23T03:17:00.000Z'],
    ['weekly', '2026-11-29T03:17:00.000Z'],
    ['monthly', '2026-12-01T03:17:00.000Z'],
    ['30 22 * * MON-FRI', '2026-11-23T22:30:00.000Z'],
    ['0 9 1 JAN *', '2027-01-01T09:00:00.000Z'],
    ['0 0 29 2 *', '2028-02-29T00:00:00.000Z'],
    ['0 0 * * 7', '2026-11-29T00:00:00.000Z'],
    ['0 0 L * *', '2026-11-30T00:00:00.000Z'],
  ])('of %s is %s', (schedule, expected) => {
    expect(next(schedule)).toBe(expected)
  })

  it('is a later one, so that whoever was there at that time does not meet it again', () => {
    expect(next('daily', '2026-11-23T03:17:00.000Z')).toBe('2026-11-24T03:17:00.000Z')
    expect(next('daily', '2026-11-23T03:16:59.999Z')).toBe('2026-11-23T03:17:00.000Z')
  })

  it('is in UTC, whatever the clocks of people do: every day has it once', () => {
    const springForward = ['2027-03-13', '2027-03-14', '2027-03-15', '2027-03-28', '2027-03-29']
    for (const day of springForward)
      expect(next('30 2 * * *', `${day}T00:00:00.000Z`)).toBe(`${day}T02:30:00.000Z`)
  })

  it('of never does not come', () => {
    expect(next('never')).toBeNull()
  })
})

describe('what is no schedule', () => {
  it.each([
    'fortnightly',
    'Monthly',
    '',
    '17 3 * *',
    '0 17 3 * * *',
    '61 * * * *',
    '*/0 * * * *',
    '0 0 30 2 *',
    // One date is valid until it has passed: a file that was good would be refused one day.
    '2999-01-01T03:17:00',
    '@daily',
    'constructor',
    '__proto__',
  ])('is refused, with what to write instead: "%s"', (text) => {
    const example =
      'or minute, hour, day, month and weekday as cron does (UTC), for example "17 3 * * 0"'
    expect(problemOf(text)).toBe(
      `is no schedule — write hourly, daily, weekly, monthly, ${example}`,
    )
    expect(problemOf(text, scheduleOrNever)).toBe(
      `is no schedule — write never, hourly, daily, weekly, monthly, ${example}`,
    )
  })

  it('never is one only for what may be left undone', () => {
    expect(problemOf('never')).toMatch(/^is no schedule/)
    expect(problemOf('never', scheduleOrNever)).toBeUndefined()
  })
})
