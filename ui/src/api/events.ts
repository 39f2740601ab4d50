import type { QueryClient } from '@tanstack/react-query'
import { useSyncExternalStore } from 'react'
import { keys } from './queries'

/** How this tab stands with the node: `live` while events arrive, `lost` after the stream broke and no health check answered. */
export type Connection = 'connecting' | 'live' | 'reconnecting' | 'lost'

type Names =
  | 'message.started'
  | 'message.finished'
  | 'conversation.changed'
  | 've.changed'
  | 'model.changed'
  | 'queue.changed'
  | 'upload.changed'
  | 'prompt.changed'
  | 'playground.changed'
  | 'people.changed'
  | 'providers.changed'
  | 'egress.changed'
  | 'collections.changed'
  | 'license.changed'
  | 'directories.changed'
  | 'applications.changed'
  | 'mail.changed'
export type NodeEvent = {
  name: Names
  ve_id?: string
  conversation_id?: string
  message_id?: string
  model_id?: string
  upload_id?: string
  template_id?: string
  run_id?: string
  state?: string
}

const NAMES: readonly Names[] = [
  'message.started',
  'message.finished',
  'conversation.changed',
  've.changed',
  'model.changed',
  'queue.changed',
  'upload.changed',
  'prompt.changed',
  'playground.changed',
  'people.changed',
  'providers.changed',
  'egress.changed',
  'collections.changed',
  'license.changed',
  'directories.changed',
  'applications.changed',
  'mail.changed',
]
const RETRY_MS = [1_000, 2_000, 5_000, 10_000] as const

let connection: Connection = 'connecting'
const watchers = new Set<() => void>()
const listeners = new Set<(event: NodeEvent) => void>()

function setConnection(next: Connection) {
  if (next === connection) return
  connection = next
  for (const watcher of watchers) watcher()
}
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}
export const useConnection = (): Connection => useSyncExternalStore(watch, () => connection)

/** Hears every event of the node; returns the way to stop. */
export function onNodeEvent(listener: (event: NodeEvent) => void) {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** What each event makes stale. Messages are refreshed when an answer ends; while it runs its own stream carries it. */
export function staleKeys(event: NodeEvent): readonly (readonly unknown[])[] {
  const ve = event.ve_id ? [keys.ve(event.ve_id), [...keys.ves, 'list']] : [keys.ves]
  switch (event.name) {
    case 'message.started':
    case 'message.finished':
    case 'conversation.changed':
      return [...ve, keys.overview, keys.usage]
    case 've.changed':
      return [...ve, keys.overview, keys.agents]
    case 'model.changed':
      return [keys.models, keys.ves, keys.overview, keys.node]
    case 'queue.changed':
      return [keys.runtime]
    case 'upload.changed':
      return [keys.uploads]
    case 'prompt.changed':
      return [keys.prompts]
    case 'playground.changed':
      return [keys.playground, keys.ratings]
    case 'people.changed':
      return [keys.people, keys.overview]
    case 'providers.changed':
      return [keys.providers, keys.collections, keys.fallbacks, keys.residency, keys.egress, keys.models]
    case 'collections.changed':
      return [keys.collections]
    case 'egress.changed':
      return [keys.collections, keys.egress, keys.providers, keys.models, keys.ves]
    case 'license.changed':
      return [keys.license]
    case 'directories.changed':
      return [keys.directories, keys.people]
    case 'applications.changed':
      return [keys.applications, [...keys.account, 'grants']]
    case 'mail.changed':
      return [keys.mail, keys.signIn]
  }
}

const healthy = () =>
  fetch('/healthz', { cache: 'no-store' }).then(
    (response) => response.ok,
    () => false,
  )

/** Follows `/api/events` until told to stop, and marks what each event makes stale. After a gap everything is stale. */
export function followEvents(client: QueryClient): () => void {
  let source: EventSource | undefined
  let timer: ReturnType<typeof setTimeout> | undefined
  let failures = 0
  let stopped = false

  const hear = (name: Names) => (message: MessageEvent<string>) => {
    const event: NodeEvent = { ...JSON.parse(message.data), name }
    for (const key of staleKeys(event)) void client.invalidateQueries({ queryKey: key })
    for (const listener of listeners) listener(event)
  }
  const open = () => {
    if (stopped) return
    source = new EventSource('/api/events')
    source.onopen = () => {
      if (failures > 0) void client.invalidateQueries()
      failures = 0
      setConnection('live')
    }
    source.onerror = () => void retry()
    for (const name of NAMES) source.addEventListener(name, hear(name))
  }
  // The browser's own retry gives up on any answer that is not 200, so retries are made here.
  const retry = async () => {
    source?.close()
    const delay = RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]
    failures += 1
    const reachable = await healthy()
    setConnection(reachable ? 'reconnecting' : 'lost')
    // A node that is well but refuses the stream may have ended the session: reading it tells.
    if (reachable) void client.invalidateQueries({ queryKey: keys.session })
    if (!stopped) timer = setTimeout(open, delay)
  }

  setConnection('connecting')
  open()
  return () => {
    stopped = true
    clearTimeout(timer)
    source?.close()
  }
}
