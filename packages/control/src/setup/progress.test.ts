import { PassThrough } from 'node:stream'

import { describe, expect, it } from 'vitest'

import { createProgressPrinter, formatElapsed, runStep } from './progress.ts'

function aPrinter(isTTY: boolean) {
  const clock = { nowMs: 0 }
  const stream = Object.assign(new PassThrough(), { isTTY, columns: 60 })
  const printer = createProgressPrinter({ stream, now: () => clock.nowMs })
  const text = (): string => String(stream.read() ?? '')
  return { printer, text, clock }
}

describe('the progress printer', () => {
  it('prints plain lines with the elapsed time where there is no terminal', () => {
    const { printer, text, clock } = aPrinter(false)
    const step = printer.step('Building postgres')
    clock.nowMs = 2_500
    step.done('230 MB')
    expect(text()).toBe('  Building postgres ...\n✓ Building postgres: 230 MB  2.5 s\n')
  })

  it('keeps the live line of a step that still runs below the line of one that ended', () => {
    const { printer, text } = aPrinter(true)
    const slow = printer.step('slow')
    printer.step('quick').done()
    const shown = text()
    expect(shown).toContain('quick  0.0 s\n')
    expect(shown.slice(shown.lastIndexOf('\n'))).toContain('slow 0.0 s')
    slow.done()
    printer.close()
  })

  it('cuts a live line to the width of the terminal', () => {
    const { printer, text } = aPrinter(true)
    printer.step('x'.repeat(200))
    expect(text()).not.toContain('x'.repeat(58))
    printer.close()
  })

  it('reports the failure of a step and throws it on', async () => {
    const { printer, text } = aPrinter(false)
    const failing = runStep(printer, 'Step', () => Promise.reject(new Error('no disk')))
    await expect(failing).rejects.toThrow('no disk')
    expect(text()).toContain('✗ Step: no disk')
  })
})

it('writes times the way people read them', () => {
  expect([400, 9_960, 59_400, 125_000].map(formatElapsed)).toEqual([
    '0.4 s',
    '10 s',
    '59 s',
    '2 min 05 s',
  ])
})
