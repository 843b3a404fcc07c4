/** What the palette offers: pages, parts of the cluster, agents, and what can be done anywhere. */
import { useMantineColorScheme } from '@mantine/core'
import {
  IconContrast,
  IconLogout,
  IconMessage,
  IconPlus,
  IconServer,
  IconTimelineEvent,
  IconTopologyStar3,
} from '@tabler/icons-react'
import { useInfiniteQuery, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { agentsQuery } from '../api/agents.ts'
import { signOut } from '../api/session.ts'
import { GROUP_TITLES, partsOf } from '../cluster/parts.ts'
import { clusterQuery } from '../cluster/use-cluster.ts'
import { paths } from '../paths.ts'
import { CommandPalette, type Command } from '../ui/CommandPalette.tsx'
import { nextScheme } from '../ui/ThemeToggle.tsx'

interface ShellPaletteProps {
  readonly opened: boolean
  readonly onClose: () => void
}

const ICON_SIZE = 16

export const ShellPalette = ({ opened, onClose }: ShellPaletteProps) => {
  const commands = useCommands(opened)
  return <CommandPalette opened={opened} commands={commands} onClose={onClose} />
}

const useCommands = (enabled: boolean): readonly Command[] => {
  const navigate = useNavigate()
  const client = useQueryClient()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const cluster = useQuery({ ...clusterQuery, enabled, refetchInterval: false })
  const agents = useInfiniteQuery({ ...agentsQuery, enabled })
  const parts = cluster.data === undefined ? [] : partsOf(cluster.data.observation.status)

  const places: readonly Command[] = [
    {
      id: 'cluster',
      label: 'Cluster',
      kind: 'Page',
      icon: <IconTopologyStar3 size={ICON_SIZE} />,
      run: () => void navigate(paths.cluster()),
    },
    {
      id: 'events',
      label: 'Events',
      kind: 'Page',
      icon: <IconTimelineEvent size={ICON_SIZE} />,
      run: () => void navigate(paths.events()),
    },
    {
      id: 'agents',
      label: 'Agents',
      kind: 'Page',
      icon: <IconMessage size={ICON_SIZE} />,
      run: () => void navigate(paths.agents()),
    },
    {
      id: 'new-agent',
      label: 'New agent',
      kind: 'Action',
      icon: <IconPlus size={ICON_SIZE} />,
      run: () => void navigate(paths.newAgent()),
    },
    {
      id: 'appearance',
      label: 'Change appearance',
      kind: 'Action',
      icon: <IconContrast size={ICON_SIZE} />,
      run: () => setColorScheme(nextScheme(colorScheme)),
    },
    {
      id: 'sign-out',
      label: 'Sign out',
      kind: 'Action',
      icon: <IconLogout size={ICON_SIZE} />,
      run: () => void signOut(client).catch(() => undefined),
    },
  ]
  return [
    ...places,
    ...(agents.data?.pages ?? []).flatMap(({ items }) =>
      items.map((agent) => ({
        id: agent.id,
        label: agent.name,
        kind: 'Agent',
        icon: <IconMessage size={ICON_SIZE} />,
        run: () => void navigate(paths.agent(agent.id)),
      })),
    ),
    ...parts.map((part) => ({
      id: part.name,
      label: part.shortName,
      kind: part.group === 'member' ? part.note : GROUP_TITLES[part.group],
      icon: <IconServer size={ICON_SIZE} />,
      run: () => void navigate(paths.cluster(part.name)),
    })),
  ]
}
