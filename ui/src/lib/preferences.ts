import { useSyncExternalStore } from 'react'

/** What a person chose for this browser. Nothing of it is known to the node. */
const DEFAULTS = { theme: 'system', effects: 'auto', shortcuts: 'on', locale: 'auto' } as const
export type Preferences = {
  theme: 'system' | 'light' | 'dark'
  effects: 'auto' | 'full' | 'lite' | 'off'
  /** Single-letter shortcuts can be switched off (WCAG 2.1.4). */
  shortcuts: 'on' | 'off'
  /** `en-XA` is the pseudo-locale for finding text that is cut off or not translated. */
  locale: 'auto' | 'en' | 'en-XA'
}
const ALLOWED: { [Name in keyof Preferences]: readonly Preferences[Name][] } = {
  theme: ['system', 'light', 'dark'],
  effects: ['auto', 'full', 'lite', 'off'],
  shortcuts: ['on', 'off'],
  locale: ['auto', 'en', 'en-XA'],
}

const watchers = new Set<() => void>()

/** Reads one preference; a browser that forbids storage gets the default. */
export function preference<Name extends keyof Preferences>(name: Name): Preferences[Name] {
  const fallback: Preferences[Name] = DEFAULTS[name]
  try {
    const stored = localStorage.getItem(name)
    return ALLOWED[name].find((value) => value === stored) ?? fallback
  } catch {
    return fallback
  }
}

export function setPreference<Name extends keyof Preferences>(name: Name, value: Preferences[Name]) {
  try {
    localStorage.setItem(name, value)
  } catch {
    // Storage is forbidden: the choice lasts as long as the page.
  }
  for (const watcher of watchers) watcher()
}

export function onPreferenceChange(watcher: () => void) {
  watchers.add(watcher)
  addEventListener('storage', watcher)
  return () => {
    watchers.delete(watcher)
    removeEventListener('storage', watcher)
  }
}
export const usePreference = <Name extends keyof Preferences>(name: Name): Preferences[Name] =>
  useSyncExternalStore(onPreferenceChange, () => preference(name))
