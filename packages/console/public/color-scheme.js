// Runs before the first paint, so that a chosen colour scheme never flashes the other one. A file of its
// own because the content security policy allows no inline script.
;(function () {
  const chosenScheme = () => {
    try {
      return globalThis.localStorage.getItem('neuronha-color-scheme')
    } catch {
      return null
    }
  }
  const chosen = chosenScheme()
  const isSystemDark = globalThis.matchMedia('(prefers-color-scheme: dark)').matches
  const scheme = chosen === 'dark' || (chosen !== 'light' && isSystemDark) ? 'dark' : 'light'
  const root = globalThis.document.documentElement
  root.setAttribute('data-mantine-color-scheme', scheme)
  root.style.colorScheme = scheme
})()
