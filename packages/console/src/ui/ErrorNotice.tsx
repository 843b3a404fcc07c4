import { Button } from '@mantine/core'
import { Notice } from './Notice.tsx'

/** The fields of api/errors.ts' DisplayError that are shown. */
interface ShownError {
  readonly title: string
  readonly detail: string
  readonly hint: string | null
  readonly requestId: string | null
}

interface ErrorNoticeProps {
  readonly error: ShownError
  readonly onRetry?: (() => void) | undefined
}

export const ErrorNotice = ({ error, onRetry }: ErrorNoticeProps) => (
  <Notice
    tone="bad"
    title={error.title}
    isUrgent
    {...(onRetry === undefined
      ? {}
      : {
          actions: (
            <Button size="compact-sm" variant="default" onClick={onRetry}>
              Try again
            </Button>
          ),
        })}
  >
    {error.detail}
    {error.hint === null ? null : <div>{error.hint}</div>}
    {error.requestId === null ? null : (
      <div>
        Request <span className="mono">{error.requestId}</span>
      </div>
    )}
  </Notice>
)
