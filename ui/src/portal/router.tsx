import { type ComponentProps, type MouseEvent, useSyncExternalStore } from 'react'

/** The portals have a dozen flat pages: the address itself is all the state a router would keep. */
const watchers = new Set<() => void>()
const tell = () => {
  for (const watcher of watchers) watcher()
}
addEventListener('popstate', tell)

const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

export const usePath = () => useSyncExternalStore(watch, () => location.pathname)

export function go(path: string, replace = false) {
  if (replace) history.replaceState(null, '', path)
  else history.pushState(null, '', path)
  scrollTo(0, 0)
  tell()
}

/** A link within the portal; a modified click stays the browser's. */
export function Link({ to, onClick, ...props }: ComponentProps<'a'> & { to: string }) {
  const follow = (event: MouseEvent<HTMLAnchorElement>) => {
    onClick?.(event)
    if (event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey || event.button !== 0) return
    event.preventDefault()
    go(to)
  }
  return <a href={to} onClick={follow} {...props} />
}
