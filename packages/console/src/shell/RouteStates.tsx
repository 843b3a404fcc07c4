/** What stands in for a page that is loading, broken, or not there. */
import { Button, Loader } from '@mantine/core'
import { IconMapOff } from '@tabler/icons-react'
import { Link, useRouter, type ErrorComponentProps } from '@tanstack/react-router'
import { useEffect } from 'react'
import { toApiError, toDisplayError } from '../api/errors.ts'
import { paths } from '../paths.ts'
import { EmptyState } from '../ui/EmptyState.tsx'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Logo } from '../ui/Logo.tsx'
import classes from './RouteStates.module.css'

const RETRY_MS = 3_000

export const FirstLoad = () => (
  <div className={classes['center']} role="status" aria-label="Loading">
    <Loader size="sm" color="gray" />
  </div>
)

/** A page that could not load. When the API is away it tries again by itself. */
export const RouteError = ({ error }: ErrorComponentProps) => {
  const router = useRouter()
  const { isRetryable } = toApiError(error)
  useEffect(() => {
    if (!isRetryable) return
    const timer = setTimeout(() => void router.invalidate(), RETRY_MS)
    return () => {
      clearTimeout(timer)
    }
  }, [router, isRetryable, error])
  return (
    <main className={classes['center']}>
      <div className={classes['box']}>
        <Logo size={32} />
        <h1>{isRetryable ? 'Waiting for the API' : 'This page broke'}</h1>
        <ErrorNotice
          error={toDisplayError(error)}
          onRetry={() => {
            // A defect, or a chunk of an older build that is gone: only a fresh start can mend it.
            if (isRetryable) void router.invalidate()
            else window.location.reload()
          }}
        />
        {isRetryable ? <p>Trying again every few seconds.</p> : null}
      </div>
    </main>
  )
}

export const NotFound = () => (
  <main className={classes['center']}>
    <EmptyState
      icon={<IconMapOff size={24} />}
      title="There is no such page"
      isPage
      action={
        <Button
          variant="default"
          renderRoot={(props: object) => <Link {...props} {...paths.cluster()} />}
        >
          To the cluster
        </Button>
      }
    >
      The address may be mistyped, or the thing it named is gone.
    </EmptyState>
  </main>
)
