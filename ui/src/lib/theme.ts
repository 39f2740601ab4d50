import { preference, setPreference } from './preferences'

export type Theme = 'light' | 'dark'
const FLIP_MS = 140
const prefersDark = () => matchMedia('(prefers-color-scheme: dark)')

export const shownTheme = (): Theme => (document.documentElement.dataset.theme === 'dark' ? 'dark' : 'light')

/** Shows a theme at once: transitions are held for the flip and there is no view transition, so it stays under 100 ms. */
function show(theme: Theme) {
  const root = document.documentElement
  if (root.dataset.theme === theme) return
  root.dataset.flip = ''
  root.dataset.theme = theme
  setTimeout(() => delete root.dataset.flip, FLIP_MS)
}

export function applyTheme() {
  const choice = preference('theme')
  show(choice === 'system' ? (prefersDark().matches ? 'dark' : 'light') : choice)
}

export function flipTheme() {
  setPreference('theme', shownTheme() === 'dark' ? 'light' : 'dark')
}

/** Keeps the page on the system's theme while that is the choice. */
export const followSystemTheme = () => prefersDark().addEventListener('change', applyTheme)
