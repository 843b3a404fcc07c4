import type { DirectClient, DirectClientOptions } from '@neuronha/runtime/postgres/direct-client.ts'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { PROBE_EVERY_MS, SETTLE_MS, WriteProbe } from './write-probe.ts'

type Told = Pick<DirectClientOptions, 'onFirstByte' | 'onLost'>
type Answer = (statement: string) => Promise<readonly never[]>

const writes = (): Promise<readonly never[]> => Promise.resolve([])
const refuses = (code: string) => (): Promise<never> =>
  Promise.reject(Object.assign(new Error('refused'), { code }))

/** A member whose connections the test answers: the first is the kept one. */
function createMember() {
  const opened: { readonly told: Told; questions: number; isClosed: boolean }[] = []
  let answerKept: Answer = writes
  let answersFresh = true
  const connectProbe = (_target: unknown, told: Told): DirectClient => {
    const isKept = opened.length === 0
    let hangUp = (): void => undefined
    const state = { told, questions: 0, isClosed: false }
    opened.push(state)
    return {
      query: (statement: string) => {
        state.questions += 1
        if (isKept) return answerKept(statement)
        if (answersFresh) return writes()
        return new Promise((_resolve, reject) => {
          hangUp = () => reject(new Error('the socket was closed'))
        })
      },
      close: () => {
        state.isClosed = true
        hangUp()
        return Promise.resolve()
      },
    }
  }
  return {
    connectProbe,
    opened,
    fresh: () => opened.slice(1),
    keptQuestions: () => opened[0]?.questions ?? 0,
    answerKept: (answer: Answer) => {
      answerKept = answer
    },
    hangFresh: () => {
      answersFresh = false
    },
  }
}

const aProbe = (member: ReturnType<typeof createMember>) => {
  const onUnease = vi.fn()
  const onWrite = vi.fn()
  const probe = new WriteProbe(
    { name: 'm1', address: '10.0.0.1' },
    {
      members: [],
      connectProbe: member.connectProbe,
      observerOf: () => ({ query: () => Promise.resolve([]), close: () => Promise.resolve() }),
      onWrite,
      onUnease,
      now: () => performance.now(),
    },
  )
  probe.start()
  return { probe, onUnease, onWrite }
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('a primary that refuses writes', () => {
  it.each([
    ['57P01', 'is shutting down'],
    ['57P03', 'is starting'],
    ['ECONNREFUSED', 'is not there'],
  ])('says so twice before it is believed (%s: it %s)', async (code) => {
    const member = createMember()
    const { probe, onUnease } = aProbe(member)
    await pass(5 * PROBE_EVERY_MS)
    expect([probe.isWriting, probe.isRefusing]).toEqual([true, false])

    member.answerKept(refuses(code))
    const asked = member.keptQuestions()
    await pass(PROBE_EVERY_MS)
    expect([probe.isWriting, probe.isRefusing]).toEqual([false, false])
    onUnease.mockClear()
    // asked again at once, not at the next beat
    await pass(60)
    expect(member.keptQuestions()).toBe(asked + 2)
    expect(probe.isRefusing).toBe(true)
    expect(onUnease).toHaveBeenCalled()
    await probe.stop()
  })

  it('is asked on the kept connection alone for as long as it refuses, and on fresh ones when it falls silent', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(PROBE_EVERY_MS)
    member.answerKept(refuses('57P03'))
    await pass(2 * PROBE_EVERY_MS)
    const asked = [member.keptQuestions(), member.fresh().length] as const
    await pass(8 * PROBE_EVERY_MS)
    expect([member.keptQuestions(), member.fresh().length]).toEqual([asked[0] + 8, asked[1]])
    member.answerKept(() => new Promise(() => undefined))
    await pass(3 * PROBE_EVERY_MS)
    expect(member.fresh().length).toBe(asked[1] + 2)
    await probe.stop()
  })

  it('is not refusing when one connection was ended and the next one writes', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(2 * PROBE_EVERY_MS)
    let refusals = 0
    member.answerKept(() => (refusals++ === 0 ? refuses('57P01')() : writes()))
    await pass(PROBE_EVERY_MS + 60)
    expect([refusals > 1, probe.isWriting, probe.isRefusing]).toEqual([true, true, false])
    await probe.stop()
  })

  it('is not refusing when its transactions were made read-only, or a question failed otherwise', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    for (const code of ['25006', '53300', 'ETIMEDOUT']) {
      member.answerKept(refuses(code))
      await pass(4 * PROBE_EVERY_MS)
      expect([code, probe.isWriting, probe.isRefusing]).toEqual([code, false, false])
    }
    await probe.stop()
  })
})

describe('a member that is being promoted', () => {
  const isStandby: Answer = (statement) =>
    statement.includes('pg_is_in_recovery')
      ? Promise.resolve([{ is_standby: true } as never])
      : Promise.reject(new Error('it was asked to write'))

  it('is asked whether it is, on one connection, and writes as soon as it can', async () => {
    const member = createMember()
    member.answerKept(isStandby)
    const { probe, onWrite } = aProbe(member)
    await pass(4 * PROBE_EVERY_MS)
    expect([probe.isWriting, probe.isRefusing, member.fresh().length]).toEqual([false, false, 0])
    expect(probe.view()).toMatchObject({ spokeToQuestionOf: expect.any(Number) as number })
    member.answerKept(writes)
    await pass(60)
    expect([probe.isWriting, onWrite.mock.calls.length]).toEqual([true, 1])
    await pass(SETTLE_MS - PROBE_EVERY_MS)
    expect([member.fresh().length, probe.isKeptWaiting]).toEqual([0, false])
    await pass(2 * PROBE_EVERY_MS)
    expect(member.fresh()).toHaveLength(1)
    await probe.stop()
  })

  it('is tried on a fresh connection when it falls silent, or is not promoted in 5 s', async () => {
    for (const answer of [() => new Promise<never>(() => undefined), isStandby]) {
      const member = createMember()
      member.answerKept(answer)
      const { probe } = aProbe(member)
      await pass(answer === isStandby ? 5000 + PROBE_EVERY_MS : 2 * PROBE_EVERY_MS)
      expect(member.fresh().length).toBeGreaterThan(0)
      await probe.stop()
    }
  })

  it('is tried on a fresh connection when every question fails at once, without a word of its own', async () => {
    const member = createMember()
    member.answerKept(refuses('EHOSTUNREACH'))
    const { probe } = aProbe(member)
    await pass(2 * PROBE_EVERY_MS)
    expect(member.fresh().length).toBeGreaterThan(0)
    await probe.stop()
  })
})

describe('Patroni is to be asked too', () => {
  it('when the primary keeps us waiting', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(10 * PROBE_EVERY_MS)
    expect(probe.isKeptWaiting).toBe(false)
    member.answerKept(() => new Promise(() => undefined))
    await pass(2 * PROBE_EVERY_MS)
    expect(probe.isKeptWaiting).toBe(true)
    await probe.stop()
  })

  it('and not when it refuses', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(10 * PROBE_EVERY_MS)
    member.answerKept(refuses('57P03'))
    await pass(20 * PROBE_EVERY_MS)
    expect(probe.isKeptWaiting).toBe(false)
    await probe.stop()
  })
})

describe('the kept connection', () => {
  it('is asked as soon as it is lost', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(2 * PROBE_EVERY_MS + 10)
    const asked = member.keptQuestions()
    member.opened[0]?.told.onLost?.()
    expect(member.keptQuestions()).toBe(asked + 1)
    await probe.stop()
  })

  it('has one question open at a time', async () => {
    const member = createMember()
    const { probe } = aProbe(member)
    await pass(2 * PROBE_EVERY_MS)
    const asked = member.keptQuestions()
    member.answerKept(() => new Promise(() => undefined))
    await pass(6 * PROBE_EVERY_MS)
    expect(member.keptQuestions()).toBe(asked + 1)
    await probe.stop()
  })
})

describe('a fresh connection', () => {
  it('is given up for another one when not even its first byte comes in 2.5 s', async () => {
    const member = createMember()
    member.hangFresh()
    const { probe } = aProbe(member)
    await pass(SETTLE_MS + 2400)
    expect(member.fresh().map(({ isClosed }) => isClosed)).toEqual([false])
    await pass(200 + PROBE_EVERY_MS)
    expect(member.fresh().map(({ isClosed }) => isClosed)).toEqual([true, false])
    // trying anew is not an answer
    expect(probe.view().freshUnansweredSince).toBeLessThan(performance.now() - 2500)
    await probe.stop()
  })

  it('has answered with its first byte, however long the login behind it takes', async () => {
    const member = createMember()
    member.hangFresh()
    const { probe } = aProbe(member)
    await pass(SETTLE_MS + 1000)
    member.fresh()[0]?.told.onFirstByte?.()
    await pass(3000)
    expect(member.fresh()[0]?.isClosed).toBe(false)
    expect(probe.view()).toMatchObject({ freshUnansweredSince: null })
    await probe.stop()
  })
})

describe('when a fresh connection is kept waiting', () => {
  const sayingAge =
    (ageMs: number): Answer =>
    (statement) =>
      Promise.resolve(statement.includes('newest_backend') ? [{ age_ms: ageMs } as never] : [])

  it('asks the kept connection when the server last made a process for anybody', async () => {
    const member = createMember()
    member.answerKept(sayingAge(700))
    const { probe } = aProbe(member)
    await pass(1000)
    expect(probe.view().newestBackendAt).toBeNull()
    member.hangFresh()
    await pass(8000)
    expect(performance.now() - (probe.view().newestBackendAt ?? 0)).toBeLessThan(
      700 + 2 * PROBE_EVERY_MS,
    )
    expect(probe.view().isWriting).toBe(true)
    await probe.stop()
  })

  it('forgets the answer once a fresh connection is answered', async () => {
    const member = createMember()
    member.answerKept(sayingAge(700))
    member.hangFresh()
    const { probe } = aProbe(member)
    await pass(4000)
    expect(probe.view().newestBackendAt).not.toBeNull()
    member.fresh().at(-1)?.told.onFirstByte?.()
    await pass(2 * PROBE_EVERY_MS)
    expect(probe.view().newestBackendAt).toBeNull()
    await probe.stop()
  })
})

it('asks nothing after its end', async () => {
  const member = createMember()
  const { probe } = aProbe(member)
  await pass(PROBE_EVERY_MS)
  await probe.stop()
  const asked = member.keptQuestions()
  member.opened[0]?.told.onLost?.()
  await pass(10 * PROBE_EVERY_MS)
  expect(member.keptQuestions()).toBe(asked)
})
