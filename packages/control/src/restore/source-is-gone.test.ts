import { describe, expect, it } from 'vitest'
import { assertSourceIsGone } from './source-is-gone.ts'

const START = Date.parse('2026-11-29T01:00:00Z')

/** An archive whose newest WAL is of these moments, look by look; the last one stays. */
function anArchive(times: readonly (string | null)[]) {
  let looks = 0
  let nowMs = START
  const newestWal = (): Promise<Date | null> => {
    const time = times[Math.min(looks, times.length - 1)] ?? null
    looks += 1
    // Time passes while one looks.
    nowMs += 5000
    return Promise.resolve(time === null ? null : new Date(time))
  }
  return {
    looks: () => looks,
    watch: () =>
      assertSourceIsGone(
        { newestWal },
        {
          ...{ repository: 'repo1', rpoMs: 20_000, note: () => undefined },
          ...{ signal: new AbortController().signal, now: () => nowMs, lookEveryMs: 0 },
        },
      ),
  }
}

describe('whether the old cluster is gone', () => {
  it('is believed when no WAL arrives for one and a half times the promised RPO', async () => {
    const archive = anArchive(['2026-11-29T00:59:50Z'])
    await archive.watch()
    expect(archive.looks()).toBeGreaterThanOrEqual(6)
  })

  it('is not believed when WAL arrives meanwhile', async () => {
    const archive = anArchive([
      '2026-11-29T00:59:50Z',
      '2026-11-29T00:59:50Z',
      '2026-11-29T01:00:09Z',
    ])
    await expect(archive.watch()).rejects.toMatchObject({
      code: 'REFUSED_FOR_SAFETY',
      message: expect.stringContaining('is alive') as string,
    })
  })

  it('is believed at once when the newest WAL is old, or there is none', async () => {
    for (const archive of [anArchive(['2026-11-28T00:00:00Z']), anArchive([null])]) {
      await archive.watch()
      expect(archive.looks()).toBe(1)
    }
  })
})
