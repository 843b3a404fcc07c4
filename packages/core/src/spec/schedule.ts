/** When something happens by itself: a word, or a cron expression of five fields. All times are UTC. */
import { Cron } from 'croner'
import { z } from 'zod'

/** At night of where most of Europe and America sleep, and not on the hour, when everything else begins. */
const WORDS: Readonly<Record<string, string>> = {
  hourly: '17 * * * *',
  daily: '17 3 * * *',
  weekly: '17 3 * * 0',
  monthly: '17 3 1 * *',
}

export const NEVER = 'never'

const cronOf = (schedule: string): Cron =>
  new Cron(WORDS[schedule] ?? schedule, { paused: true, mode: '5-part', timezone: 'UTC' })

/** Croner also takes a date, and a file that has one would be refused as soon as it has passed. */
const isWordOrFiveFields = (text: string): boolean =>
  Object.hasOwn(WORDS, text) || text.trim().split(/\s+/).length === 5

const isSchedule = (text: string): boolean => {
  try {
    return isWordOrFiveFields(text) && cronOf(text).nextRun() !== null
  } catch {
    return false
  }
}

const words = Object.keys(WORDS)

export const scheduleSchema = z.string().refine(isSchedule, {
  error: `is no schedule — write ${words.join(', ')}, or minute, hour, day, month and weekday as cron does (UTC), for example "17 3 * * 0"`,
})

export const scheduleOrNever = z.string().refine((text) => text === NEVER || isSchedule(text), {
  error: `is no schedule — write ${NEVER}, ${words.join(', ')}, or minute, hour, day, month and weekday as cron does (UTC), for example "17 3 * * 0"`,
})

/** The first time after this one, milliseconds since 1970; null: never. */
export const nextAfter = (schedule: string, afterMs: number): number | null =>
  schedule === NEVER ? null : (cronOf(schedule).nextRun(new Date(afterMs))?.getTime() ?? null)
