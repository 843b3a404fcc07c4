import { describe, expect, it } from 'vitest'

import { lastWords, run, runOk, showCommand } from './exec.ts'

describe('run', () => {
  it('hands over the input and returns both streams and the exit code', async () => {
    const result = await run('sh', ['-c', 'cat; echo oops >&2; exit 3'], { input: 'hello' })
    expect(result).toEqual({ stdout: 'hello', stderr: 'oops\n', code: 3 })
  })

  it('adds to the environment instead of replacing it', async () => {
    const result = await run('sh', ['-c', 'echo "$GREETING"; test -n "$PATH"'], {
      env: { GREETING: 'hi' },
    })
    expect(result).toMatchObject({ stdout: 'hi\n', code: 0 })
  })

  it('ends the whole process group of a program that takes too long', async () => {
    const started = performance.now()
    const slow = run('sh', ['-c', 'sleep 30 & sleep 30; wait'], { timeoutMs: 100 })
    await expect(slow).rejects.toMatchObject({ code: 'COMMAND_FAILED' })
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  it('stops the program when the signal aborts', async () => {
    const stop = new AbortController()
    const slow = run('sleep', ['30'], { signal: stop.signal })
    stop.abort()
    await expect(slow).rejects.toMatchObject({ code: 'INTERRUPTED' })
  })

  it('says so when there is no such program', async () => {
    await expect(run('no-such-program-here', [])).rejects.toThrow(/cannot run no-such-program-here/)
  })

  it('hands out lines as they come, a last one without newline included', async () => {
    const lines: string[] = []
    await run('printf', ['one\ntwo\nthree'], { onLine: (line) => lines.push(line) })
    expect(lines).toEqual(['one', 'two', 'three'])
  })
})

describe('runOk', () => {
  it('throws what the program said last', async () => {
    await expect(runOk('sh', ['-c', 'echo the reason >&2; exit 7'])).rejects.toThrow(
      /exit 7\): the reason/,
    )
  })
})

describe('words about a command', () => {
  it('quotes what a shell would split', () => {
    expect(showCommand('echo', ['a b', "it's"])).toBe(String.raw`echo 'a b' 'it'\''s'`)
  })

  it('takes the reason from standard error, or else from the output', () => {
    expect(lastWords({ stdout: 'out', stderr: 'err\n' })).toBe('err')
    expect(lastWords({ stdout: 'out\n', stderr: '' })).toBe('out')
    expect(lastWords({ stdout: '', stderr: '' })).toBe('it printed nothing')
  })
})
