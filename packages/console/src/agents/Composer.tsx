/** Where a message is written. Enter sends, Shift+Enter makes a line. */
import { ActionIcon, Textarea } from '@mantine/core'
import { IconArrowUp } from '@tabler/icons-react'
import { useEffect, useRef, useState, type KeyboardEvent, type SyntheticEvent } from 'react'
import { can } from '../api/can.ts'
import { useAccount } from '../api/session.ts'
import classes from './Composer.module.css'

interface ComposerProps {
  readonly agentName: string
  /** Why nothing can be sent at the moment; null when it can. */
  readonly busy: string | null
  readonly initialText: string
  readonly onSend: (content: string) => void
}

export const Composer = ({ agentName, busy, initialText, onSend }: ComposerProps) => {
  const [text, setText] = useState(initialText)
  const field = useRef<HTMLTextAreaElement>(null)
  const permission = can.sendMessage(useAccount())
  const reason = permission.allowed ? busy : permission.reason
  // Ready to type as soon as the page is; on a phone that would only bring up the keyboard.
  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) field.current?.focus()
  }, [])

  const submit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (reason !== null || text.trim() === '') return
    onSend(text)
    setText('')
    field.current?.focus()
  }
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) submit(event)
  }

  return (
    <form className={classes['composer']} onSubmit={submit}>
      <div className={classes['box']}>
        <Textarea
          ref={field}
          aria-label={`Message to ${agentName}`}
          placeholder={permission.allowed ? `Message ${agentName}` : permission.reason}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={9}
          className={classes['field'] ?? ''}
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <ActionIcon
          type="submit"
          size={34}
          radius="xl"
          aria-label="Send"
          title={reason ?? 'Send (Enter)'}
          disabled={reason !== null || text.trim() === ''}
        >
          <IconArrowUp size={18} />
        </ActionIcon>
      </div>
    </form>
  )
}
