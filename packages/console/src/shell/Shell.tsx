/** The frame of every page behind the sign-in: rail (or bars, on a phone), palette, page. */
import { ActionIcon } from '@mantine/core'
import { useDisclosure, useHotkeys } from '@mantine/hooks'
import {
  IconLogout,
  IconMessages,
  IconSearch,
  IconTimelineEvent,
  IconTopologyStar3,
} from '@tabler/icons-react'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, Outlet, useRouter } from '@tanstack/react-router'
import { useEffect } from 'react'
import { sessionQuery, signOut, useAccount } from '../api/session.ts'
import { paths } from '../paths.ts'
import { Logo } from '../ui/Logo.tsx'
import { ThemeToggle } from '../ui/ThemeToggle.tsx'
import { MaintenanceBanner } from './MaintenanceBanner.tsx'
import classes from './Shell.module.css'
import { ShellPalette } from './ShellPalette.tsx'

const NAVIGATION = [
  { link: paths.cluster(), label: 'Cluster', icon: <IconTopologyStar3 size={18} /> },
  { link: paths.events(), label: 'Events', icon: <IconTimelineEvent size={18} /> },
  { link: paths.agents(), label: 'Agents', icon: <IconMessages size={18} /> },
] as const

const isApple = /Mac|iPhone|iPad/.test(navigator.userAgent)

export const Shell = () => {
  const [isPaletteOpen, palette] = useDisclosure(false)
  const isSignedOut = useSignedOut()
  useHotkeys([['mod+K', palette.toggle]], [])
  if (isSignedOut) return null
  return (
    <div className={classes['frame']}>
      <a className={classes['skip']} href="#page">
        Skip to the page
      </a>
      <nav className={classes['rail']} aria-label="NeuronDesktop">
        <Link {...paths.cluster()} className={classes['brand']} aria-label="NeuronDesktop">
          <Logo size={26} />
          <span>NeuronDesktop</span>
        </Link>
        <PaletteButton onClick={palette.open} />
        <Navigation />
        <AccountBar />
      </nav>
      <main className={classes['page']} id="page" tabIndex={-1}>
        <MaintenanceBanner />
        <Outlet />
      </main>
      <ShellPalette opened={isPaletteOpen} onClose={palette.close} />
    </div>
  )
}

/** Leads to the sign-in when the session ends while a page is open, and back to that page. */
const useSignedOut = (): boolean => {
  const router = useRouter()
  const isSignedOut = useQuery(sessionQuery).data === null
  useEffect(() => {
    // Once: the location is read here, because it changes while the router is on its way.
    if (isSignedOut)
      void router.navigate({ ...paths.signIn(router.latestLocation.href), replace: true })
  }, [isSignedOut, router])
  return isSignedOut
}

const PaletteButton = ({ onClick }: { readonly onClick: () => void }) => (
  <button
    type="button"
    className={classes['search']}
    aria-keyshortcuts="Control+K Meta+K"
    onClick={onClick}
  >
    <IconSearch size={16} aria-hidden="true" />
    <span className={classes['searchLabel']}>Go to…</span>
    <kbd className={classes['kbd']}>{isApple ? '⌘K' : 'Ctrl K'}</kbd>
  </button>
)

const Navigation = () => (
  <div className={classes['navigation']}>
    {NAVIGATION.map(({ link, label, icon }) => (
      <Link
        key={label}
        {...link}
        className={classes['link']}
        activeOptions={{ includeSearch: false }}
        activeProps={{ 'data-active': true }}
      >
        {icon}
        <span className={classes['linkLabel']}>{label}</span>
      </Link>
    ))}
  </div>
)

const AccountBar = () => {
  const account = useAccount()
  const client = useQueryClient()
  return (
    <div className={classes['account']}>
      <span className={classes['who']} title={account?.email}>
        <span className={classes['email']}>{account?.email}</span>
        <span className={classes['role']}>{account?.role}</span>
      </span>
      <ThemeToggle />
      <ActionIcon
        variant="subtle"
        color="gray"
        size="lg"
        aria-label="Sign out"
        title="Sign out"
        onClick={() => void signOut(client).catch(() => undefined)}
      >
        <IconLogout size={18} />
      </ActionIcon>
    </div>
  )
}
