import { useSyncExternalStore } from 'react'

let message = ''
const watchers = new Set<() => void>()

/** Says something once to screen readers, without moving focus. Saying the same again is heard again. */
export function announce(text: string) {
  message = text === message ? `${text}\u200b` : text
  for (const watcher of watchers) watcher()
}
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** The one polite live region of the page; mounted once by the app. */
export function LiveAnnouncer() {
  const text = useSyncExternalStore(watch, () => message)
  return (
    <p role="status" className="sr-only">
      {text}
    </p>
  )
}
