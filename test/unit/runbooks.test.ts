/** Runbooks are read at night: every page that is named exists, and so does every command on it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { alertsOf } from '@neuronha/core/alerts/alert-groups.ts'
import { runbookPath } from '@neuronha/core/alerts/alert.ts'
import {
  LOSSES,
  RUNBOOK_OF_FAILURE,
  WITH_EVERY_ALERT,
} from '@neuronha/core/alerts/runbook-index.ts'
import { createProgram } from '../../packages/control/src/cli/program.ts'
import { REPOSITORY } from '../reference-pages.ts'

const FOLDER = join(REPOSITORY, 'docs', 'runbooks')
const PAGES = readdirSync(FOLDER).filter((name) => name !== 'README.md')
const ALERTS = alertsOf(WITH_EVERY_ALERT)

const textOf = (page: string): string => readFileSync(join(FOLDER, page), 'utf8')

const program = createProgram({
  io: () => {
    throw new TypeError('this test runs no command')
  },
  setExitCode: () => undefined,
})

/** What is wrong with a command line as it stands on a page; undefined: nothing. */
function whatIsWrong(line: string): string | undefined {
  const words = line.split(/\s+/).slice(1)
  let command: Command = program
  while (command.commands.length > 0) {
    const name = words.shift()
    const next = command.commands.find((child) => child.name() === name)
    if (next === undefined) return `there is no command ${name ?? '(none)'}`
    command = next
  }
  const own = words.slice(0, words.includes('--') ? words.indexOf('--') : undefined)
  const flags = own.filter((word) => word.startsWith('-'))
  const unknown = flags.find(
    (flag) => !command.options.some(({ long, short }) => flag === long || flag === short),
  )
  if (unknown !== undefined) return `${command.name()} has no option ${unknown}`
  const needed = command.registeredArguments.filter(({ required }) => required).length
  const given = words.filter((word) => !word.startsWith('-')).length
  return given < needed ? `${command.name()} needs ${needed} arguments` : undefined
}

/** Command lines in code blocks, and those between backquotes. */
const commandsIn = (text: string): readonly string[] => [
  ...[...text.matchAll(/^\.\/neuronha [^\n]+/gm)].map(([line]) => line),
  ...[...text.matchAll(/`(\.\/neuronha [^`\n]+)`/g)].map(([, line = '']) => line),
]

describe('runbooks', () => {
  it.each(ALERTS.map((alert) => [alert.alert, alert] as const))(
    'there is one for %s',
    (_name, alert) => expect(existsSync(join(REPOSITORY, runbookPath(alert)))).toBe(true),
  )

  it.each(Object.keys(LOSSES))('there is one for the loss %s', (page) =>
    expect(PAGES).toContain(`${page}.md`),
  )

  it.each(Object.entries(RUNBOOK_OF_FAILURE))('there is one for the failure %s', (_failure, page) =>
    expect(PAGES).toContain(`${page}.md`),
  )

  it('none is there for nothing', () => {
    const wanted = new Set([
      ...ALERTS.map(({ runbook }) => runbook),
      ...Object.values(RUNBOOK_OF_FAILURE),
      ...Object.keys(LOSSES),
    ])
    expect(
      PAGES.map((page) => page.replace('.md', '')).filter((page) => !wanted.has(page)),
    ).toEqual([])
  })

  it.each(PAGES)(
    '%s says the four things, names commands that exist, and links to pages that do',
    (page) => {
      const text = textOf(page)
      expect(text.match(/^## .+$/gm)).toEqual([
        '## What you see',
        '## What the system does by itself',
        '## What you may do',
        '## What never to do',
      ])
      for (const line of commandsIn(text)) expect(whatIsWrong(line), line).toBeUndefined()
      for (const [, target = ''] of text.matchAll(/\]\(([^)]+\.md)\)/g))
        expect(existsSync(join(FOLDER, target)), target).toBe(true)
    },
  )

  it('and alerts name commands that exist too', () => {
    for (const { alert, meaning, byItself, youMay } of ALERTS)
      for (const line of commandsIn(`${meaning} ${byItself} ${youMay}`))
        expect(whatIsWrong(line), `${alert}: ${line}`).toBeUndefined()
  })

  it('would notice a command that is gone', () => {
    expect(whatIsWrong('./neuronha resume member-1')).toMatch(/no command resume/)
    expect(whatIsWrong('./neuronha status --all')).toMatch(/no option --all/)
    expect(whatIsWrong('./neuronha reinit')).toMatch(/needs 1/)
    expect(whatIsWrong('./neuronha psql -- -c "select 1"')).toBeUndefined()
  })
})
