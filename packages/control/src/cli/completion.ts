/** Shell completion, made from the very command table that is run. */
import type { Command, Option } from 'commander'
import { PlatformError } from '@neuronha/core/errors.ts'

export const SHELLS = ['bash', 'zsh', 'fish'] as const
export type Shell = (typeof SHELLS)[number]

interface CompletionEntry {
  /** Words that lead there: empty for the program itself. */
  readonly path: string
  readonly words: readonly { readonly word: string; readonly help: string }[]
}

/** A completion script for the program and all its commands. */
export function completionScript(program: Command, shell: string): string {
  const entries = entriesOf(program, [])
  switch (shell) {
    case 'bash':
      return bashScript(entries)
    case 'zsh':
      return `autoload -U +X bashcompinit && bashcompinit\n${bashScript(entries)}`
    case 'fish':
      return fishScript(entries)
    default:
      throw new PlatformError('USAGE', `no completion for ${shell}`, {
        hint: `Shells: ${SHELLS.join(', ')}.`,
      })
  }
}

function entriesOf(command: Command, path: readonly string[]): readonly CompletionEntry[] {
  const children = command.commands.filter((child) => child.name() !== 'help')
  const options = command.options.filter((option: Option) => option.long !== undefined)
  return [
    {
      path: path.join(' '),
      words: [
        ...children.map((child) => ({
          word: child.name(),
          help: child.summary() || child.description(),
        })),
        ...options.map((option) => ({ word: option.long ?? '', help: option.description })),
      ],
    },
    ...children.flatMap((child) => entriesOf(child, [...path, child.name()])),
  ]
}

const bashScript = (entries: readonly CompletionEntry[]): string =>
  [
    '_neuronha() {',
    '  local path="" word i',
    '  for ((i = 1; i < COMP_CWORD; i++)); do',
    '    word="${COMP_WORDS[i]}"',
    '    [[ $word == -* ]] || path="${path:+$path }$word"',
    '  done',
    '  local words=""',
    '  while :; do',
    '    case "$path" in',
    ...entries.map(
      ({ path, words }) =>
        `      '${path}') words='${words.map(({ word }) => word).join(' ')}'; break ;;`,
    ),
    '      *" "*) path="${path% *}" ;;',
    '      *) path="" ;;',
    '    esac',
    '  done',
    '  COMPREPLY=($(compgen -W "$words" -- "${COMP_WORDS[COMP_CWORD]}"))',
    '}',
    'complete -o default -F _neuronha neuronha ./neuronha',
    '',
  ].join('\n')

const quoteFish = (text: string): string =>
  `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`

const fishScript = (entries: readonly CompletionEntry[]): string =>
  entries
    .flatMap(({ path, words }) => {
      const first = path.split(' ')[0] ?? ''
      const condition =
        path === '' ? '__fish_use_subcommand' : `__fish_seen_subcommand_from ${first}`
      return words.map(({ word, help }) => {
        const what = word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`
        return `complete -c neuronha -n ${quoteFish(condition)} ${what} -d ${quoteFish(help)}\n`
      })
    })
    .join('')
