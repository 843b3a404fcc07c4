/** Ctrl-K: type a few letters of any command or place, Enter goes there. Knows no routes itself. */
import { Modal } from '@mantine/core'
import { IconSearch } from '@tabler/icons-react'
import { useId, useState, type KeyboardEvent, type ReactNode } from 'react'
import classes from './CommandPalette.module.css'

export interface Command {
  readonly id: string
  readonly label: string
  /** What kind of thing it is, at the right. */
  readonly kind: string
  readonly icon: ReactNode
  readonly run: () => void
}

const SHOWN = 12

/** Every word typed must occur; matches at the start of the label come first. Pure. */
export const matchingCommands = (
  commands: readonly Command[],
  typed: string,
): readonly Command[] => {
  const words = typed.toLowerCase().split(/\s+/).filter(Boolean)
  const matches = commands.filter(({ label, kind }) => {
    const text = `${label} ${kind}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
  const startsWith = ({ label }: Command): number =>
    label.toLowerCase().startsWith(words[0] ?? '') ? 0 : 1
  return matches.sort((one, other) => startsWith(one) - startsWith(other)).slice(0, SHOWN)
}

interface CommandPaletteProps {
  readonly opened: boolean
  readonly commands: readonly Command[]
  readonly onClose: () => void
}

export const CommandPalette = ({ opened, commands, onClose }: CommandPaletteProps) => (
  <Modal.Root
    opened={opened}
    onClose={onClose}
    size={560}
    yOffset="12vh"
    radius="lg"
    transitionProps={{ duration: 80 }}
  >
    <Modal.Overlay />
    <Modal.Content aria-label="Go to or do">
      <Modal.Body p={0}>
        <PaletteBody commands={commands} onClose={onClose} />
      </Modal.Body>
    </Modal.Content>
  </Modal.Root>
)

const PaletteBody = ({ commands, onClose }: Omit<CommandPaletteProps, 'opened'>) => {
  const [typed, setTyped] = useState('')
  const [selected, setSelected] = useState(0)
  const listId = useId()
  const matches = matchingCommands(commands, typed)
  const current = Math.min(selected, matches.length - 1)
  const optionId = (index: number): string => `${listId}-${index}`

  const choose = (command: Command | undefined): void => {
    if (command === undefined) return
    onClose()
    command.run()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    const moves: Partial<Record<string, number>> = { ArrowDown: 1, ArrowUp: -1 }
    const move = moves[event.key]
    if (move !== undefined) {
      event.preventDefault()
      setSelected((current + move + matches.length) % Math.max(1, matches.length))
    } else if (event.key === 'Enter') {
      event.preventDefault()
      choose(matches[current])
    }
  }

  return (
    <>
      <div className={classes['field']}>
        <IconSearch size={18} aria-hidden="true" />
        <input
          autoFocus
          data-autofocus
          role="combobox"
          aria-label="Go to or do"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={matches.length === 0 ? undefined : optionId(current)}
          placeholder="Go to a page, member, agent…"
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value)
            setSelected(0)
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <ul className={classes['list']} id={listId} role="listbox" aria-label="Commands">
        {matches.map((command, index) => (
          <li
            key={command.id}
            id={optionId(index)}
            role="option"
            aria-selected={index === current}
            className={classes['option']}
            onMouseMove={() => setSelected(index)}
            onMouseDown={(event) => event.preventDefault()}
            onClick={() => choose(command)}
          >
            <span className={classes['icon']}>{command.icon}</span>
            <span className={classes['label']}>{command.label}</span>
            <span className={classes['kind']}>{command.kind}</span>
          </li>
        ))}
      </ul>
      {matches.length === 0 ? (
        <p className={classes['none']} role="status">
          Nothing matches “{typed}”.
        </p>
      ) : null}
    </>
  )
}
