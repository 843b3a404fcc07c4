import { ActionIcon, useMantineColorScheme, type MantineColorScheme } from '@mantine/core'
import { IconDeviceDesktop, IconMoon, IconSun } from '@tabler/icons-react'

const NEXT = { auto: 'light', light: 'dark', dark: 'auto' } as const
const ICONS = { auto: IconDeviceDesktop, light: IconSun, dark: IconMoon } as const
const WORDS = { auto: 'as the system', light: 'light', dark: 'dark' } as const

/** The next scheme in the circle: system, light, dark. */
export const nextScheme = (scheme: MantineColorScheme): MantineColorScheme => NEXT[scheme]

export const ThemeToggle = () => {
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const Icon = ICONS[colorScheme]
  const label = `Appearance: ${WORDS[colorScheme]}. Change to ${WORDS[NEXT[colorScheme]]}`
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size="lg"
      aria-label={label}
      title={label}
      onClick={() => setColorScheme(nextScheme(colorScheme))}
    >
      <Icon size={18} />
    </ActionIcon>
  )
}
