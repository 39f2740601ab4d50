import { useSyncExternalStore } from 'react'
import type { ChatEvent } from '@/api/chat-stream'
import { type Run, type RunEvent, reduceRun } from './run'

/**
 * The answers this tab listens to, by conversation. They live outside React, so that an answer goes on while the reader looks
 * at another conversation. Words are handed on once per animation frame at most.
 */
type Entry = { key: string; run: Run; page: string; words: string; frame: number; left: boolean }

const entries = new Map<string, Entry>()
/** The turn of a stored message that began here: it keeps its place on the page when its id becomes known. */
const turnKeys = new Map<string, string>()
const watchers = new Set<() => void>()
let pages = 0

const publish = () => {
  for (const watcher of watchers) watcher()
}
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}

/** A conversation within one person's session; `null` is the one that has not begun. */
export const conversationKey = (person: string, ve: string, conversation: string | null) =>
  conversation ? `${person}/${conversation}` : `${person}/${ve}/new`

export const runOf = (key: string) => entries.get(key)?.run
export const useRun = (key: string): Run | undefined => useSyncExternalStore(watch, () => runOf(key))
/** Stays the same while a new conversation gets its id, so that the page is not built anew in the middle of the first answer. */
export const usePageKey = (key: string): string => useSyncExternalStore(watch, () => entries.get(key)?.page ?? `${key}#${pages}`)
export const turnKey = (message: string) => turnKeys.get(message) ?? message

function apply(entry: Entry, event: RunEvent) {
  entry.run = reduceRun(entry.run, event, Date.now())
  for (const id of [entry.run.user_message_id, entry.run.message_id]) if (id) turnKeys.set(id, entry.run.id)
}

function flush(entry: Entry) {
  cancelAnimationFrame(entry.frame)
  entry.frame = 0
  if (entry.words) apply(entry, { type: 'delta', text: entry.words })
  entry.words = ''
}

/** A hidden tab gets no animation frames; its words wait for the next other event, which is soon enough for nobody looking. */
function hear(entry: Entry, event: RunEvent) {
  if (event.type === 'delta') {
    entry.words += event.text
    entry.frame ||= requestAnimationFrame(() => {
      flush(entry)
      publish()
    })
    return
  }
  if (event.type === 'restarted') entry.words = ''
  flush(entry)
  apply(entry, event)
  publish()
}

/** A new conversation has its id: it is found under it too, and under nothing else once the page where it began is left. */
function settle(entry: Entry, person: string) {
  const id = entry.run.conversation_id
  if (!id) return
  entries.set(conversationKey(person, '', id), entry)
  if (entry.left) leaveNewPage(entry.key)
}

/** The page of a conversation that had not begun is left: the next one there is a fresh one. */
export function leaveNewPage(key: string) {
  const entry = entries.get(key)
  if (!entry) return
  entry.left = true
  if (!entry.run.conversation_id) return
  entries.delete(key)
  pages += 1
  publish()
}

type Listening = { person: string; key: string; run: Run; events: () => AsyncIterable<ChatEvent> }

/** Listens to an answer to its end and returns how it ended. An older run of the conversation is forgotten. */
export async function listen({ person, key, run, events }: Listening): Promise<Run> {
  const page = entries.get(key)?.page ?? (run.conversation_id ? key : `${key}#${pages}`)
  const entry: Entry = { key, run, page, words: '', frame: 0, left: false }
  entries.set(key, entry)
  publish()
  try {
    for await (const event of events()) {
      hear(entry, event)
      if (event.type !== 'started') continue
      settle(entry, person)
      publish()
    }
  } catch (error) {
    hear(entry, { type: 'thrown', error })
  }
  return entry.run
}

/** Marks a run as one a person has asked to stop. */
export function markStopping(key: string) {
  const entry = entries.get(key)
  if (entry) hear(entry, { type: 'stop' })
}
