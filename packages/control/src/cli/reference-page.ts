/** docs/reference/cli.md, made from the command table. */
import type { Command } from 'commander'
import { createProgram } from './program.ts'

const HEAD = `# The command line

\`./neuronha\` is the whole front door. Results go to standard output, progress and logs to standard error; with
\`--json\` the result is JSON.

Exit codes: 0 done · 1 failed, or \`status\` of an absent or degraded cluster, or a drill with verdict fail · 2 bad
input · 3 refused for safety, or busy (the message names who holds the lock) · 4 changes pending (\`plan\`).

This page is generated from the command table by \`npm run docs\`.
`

/** The page's Markdown. */
export function cliReference(): string {
  const program = createProgram({
    io: () => {
      throw new TypeError('the reference page runs no command')
    },
    setExitCode: () => undefined,
  })
  return HEAD + program.commands.flatMap((command) => sectionsOf(command, './neuronha')).join('')
}

function sectionsOf(command: Command, parent: string): readonly string[] {
  const name = `${parent} ${command.name()}`
  if (command.commands.length > 0)
    return command.commands.flatMap((child) => sectionsOf(child, name))
  const options = command.options
    .filter((option) => !option.hidden)
    .map((option) => `- \`${option.flags}\` ${option.description}\n`)
  const usage = `${name} ${command.usage()}`.trim()
  return [
    `\n## ${name}\n\n${capitalize(command.summary())}.\n\n\`\`\`\n${usage}\n\`\`\`\n\n${options.join('')}`,
  ]
}

const capitalize = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
