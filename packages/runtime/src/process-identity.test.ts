import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import type { ProcessIdentity } from '@neuronha/core/contracts/coordination.ts'
import { hasEnded, ownProcess } from './process-identity.ts'

/** Runs until its input ends, after it has printed its own identity. */
const CHILD = `
  const { ownProcess } = await import(${JSON.stringify(fileURLToPath(new URL('process-identity.ts', import.meta.url)))})
  console.log(JSON.stringify(ownProcess()))
  process.stdin.resume()
`

describe('a process', () => {
  it('is seen to run by others until it is killed, and then to have ended', async () => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', CHILD])
    const ended = once(child, 'exit')
    const [said] = (await once(child.stdout, 'data')) as [Buffer]
    const identity = JSON.parse(said.toString()) as ProcessIdentity
    expect(identity.pid).toBe(child.pid)
    expect(hasEnded(identity)).toBe(false)
    child.kill('SIGKILL')
    await ended
    expect(hasEnded(identity)).toBe(true)
  })

  it('has ended when another one has its number', () => {
    const own = ownProcess()
    if (own === undefined) throw new Error('/proc does not tell')
    expect(hasEnded(own)).toBe(false)
    expect(hasEnded({ ...own, startTicks: '1' })).toBe(true)
  })

  it('is not said to have ended where it cannot be seen', () => {
    const own = ownProcess()
    if (own === undefined) throw new Error('/proc does not tell')
    const gone = { ...own, startTicks: '1' }
    expect(hasEnded({ ...gone, bootId: 'another machine' })).toBe(false)
    expect(hasEnded({ ...gone, pidNamespace: 'pid:[1]' })).toBe(false)
  })
})
