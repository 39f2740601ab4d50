import { useSyncExternalStore } from 'react'
import { onPreferenceChange, preference, setPreference } from './preferences'

export type Theme = 'light' | 'dark'
const FLIP_MS = 140
const prefersDark = () => matchMedia('(prefers-color-scheme: dark)')

function chosenTheme(): Theme {
  const choice = preference('theme')
  return choice === 'system' ? (prefersDark().matches ? 'dark' : 'light') : choice
}

/** Shows the chosen theme. Transitions are held for the flip and there is no view transition: it is one style pass and one paint. */
export function applyTheme() {
  const root = document.documentElement
  const theme = chosenTheme()
  if (root.dataset.theme === theme) return
  root.dataset.flip = ''
  root.dataset.theme = theme
  setTimeout(() => delete root.dataset.flip, FLIP_MS)
}

/** The picture that answers the press comes first: painting every element anew takes a machine without a GPU a tenth of a second. */
const applyThemeSoon = () => requestAnimationFrame(() => setTimeout(applyTheme))

function onThemeChange(watcher: () => void) {
  const system = prefersDark()
  system.addEventListener('change', watcher)
  const forget = onPreferenceChange(watcher)
  return () => {
    system.removeEventListener('change', watcher)
    forget()
  }
}

/** The chosen theme: the one shown, or the one that the next picture shows. */
export const useTheme = (): Theme => useSyncExternalStore(onThemeChange, chosenTheme)

export const flipTheme = () => setPreference('theme', chosenTheme() === 'dark' ? 'light' : 'dark')

/** Keeps the page on the chosen theme, and on the system's while that is the choice. */
export const followTheme = () => onThemeChange(applyThemeSoon)
