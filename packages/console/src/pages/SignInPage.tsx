import { Button, PasswordInput, TextInput } from '@mantine/core'
import { signInInput } from '@neuronha/core/contracts/desktop.ts'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useRouter } from '@tanstack/react-router'
import { useEffect, useState, type SyntheticEvent } from 'react'
import { toDisplayError, type DisplayError } from '../api/errors.ts'
import { signIn } from '../api/session.ts'
import { safeReturnTo } from '../paths.ts'
import { ErrorNotice } from '../ui/ErrorNotice.tsx'
import { Logo } from '../ui/Logo.tsx'
import { ThemeToggle } from '../ui/ThemeToggle.tsx'
import classes from './SignInPage.module.css'

const route = getRouteApi('/sign-in')

const signInError = (thrown: unknown): DisplayError => {
  const error = toDisplayError(thrown)
  return error.code === 'UNAUTHENTICATED'
    ? {
        ...error,
        title: 'E-mail or password is wrong',
        detail: 'Check both and try again.',
        requestId: null,
      }
    : error
}

export const SignInPage = () => {
  const [email, setEmail] = useState('')
  const [password, setPassword] = useState('')
  const client = useQueryClient()
  const router = useRouter()
  const { return_to: returnTo } = route.useSearch()
  useEffect(() => {
    document.title = 'Sign in · NeuronDesktop'
  }, [])

  const mutation = useMutation({
    mutationFn: () => signIn(client, email, password),
    onSuccess: () => router.history.replace(safeReturnTo(returnTo)),
  })
  const isComplete = signInInput.safeParse({ email, password }).success
  const onSubmit = (event: SyntheticEvent): void => {
    event.preventDefault()
    if (isComplete && !mutation.isPending) mutation.mutate()
  }

  return (
    <main className={classes['page']}>
      <div className={classes['corner']}>
        <ThemeToggle />
      </div>
      <form className={classes['form']} onSubmit={onSubmit}>
        <Logo size={40} />
        <div>
          <h1>Sign in</h1>
          <p>NeuronDesktop, the console of your cluster</p>
        </div>
        {mutation.error === null ? null : <ErrorNotice error={signInError(mutation.error)} />}
        <TextInput
          label="E-mail"
          type="email"
          name="email"
          autoComplete="username"
          autoFocus
          required
          withAsterisk={false}
          size="md"
          value={email}
          onChange={(event) => setEmail(event.currentTarget.value)}
        />
        <PasswordInput
          label="Password"
          name="password"
          autoComplete="current-password"
          required
          withAsterisk={false}
          size="md"
          visibilityToggleButtonProps={{ 'aria-label': 'Show or hide the password' }}
          value={password}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" size="md" loading={mutation.isPending}>
          Sign in
        </Button>
        <p className={classes['hint']}>
          The first administrator was created by <span className="mono">./neuronha up</span>, which
          printed where its password is kept.
        </p>
      </form>
    </main>
  )
}
