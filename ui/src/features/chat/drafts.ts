import { useCallback, useSyncExternalStore } from 'react'
import type { DataClass } from '@/api/types'
import type { TextFile } from './attachments'

/** What somebody has begun to write in a conversation. The words outlive a reload of the tab, files do not. */
export type Draft = {
  text: string
  files: readonly TextFile[]
  /** How secret a conversation that has not begun will be. */
  dataClass?: DataClass
}

const EMPTY: Draft = { text: '', files: [] }
const drafts = new Map<string, Draft>()
const watchers = new Set<() => void>()
const watch = (watcher: () => void) => {
  watchers.add(watcher)
  return () => watchers.delete(watcher)
}
const storageKey = (key: string) => `draft/${key}`

function read(key: string): Draft {
  const known = drafts.get(key)
  if (known) return known
  let text = ''
  try {
    text = sessionStorage.getItem(storageKey(key)) ?? ''
  } catch {
    // Storage is forbidden: drafts last as long as the page.
  }
  const draft = text ? { ...EMPTY, text } : EMPTY
  drafts.set(key, draft)
  return draft
}

function write(key: string, draft: Draft) {
  drafts.set(key, draft)
  try {
    if (draft.text) sessionStorage.setItem(storageKey(key), draft.text)
    else sessionStorage.removeItem(storageKey(key))
  } catch {
    // As above, or the storage is full: the draft is still in memory.
  }
  for (const watcher of watchers) watcher()
}

export const readDraft = read
export const clearDraft = (key: string) => write(key, EMPTY)

/** The draft of one conversation and the way to change it. */
export function useDraft(key: string): [draft: Draft, change: (change: Partial<Draft>) => void] {
  const draft = useSyncExternalStore(watch, () => read(key))
  return [draft, useCallback((change) => write(key, { ...read(key), ...change }), [key])]
}
