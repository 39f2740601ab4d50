import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef } from 'react'
import { preference } from '@/lib/preferences'
import type { NavItem } from './nav'

/** How long after `g` the second letter still counts. */
const CHORD_MS = 1_200

const isTyping = (target: EventTarget | null) =>
  target instanceof Element && target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=menu]') !== null

/** Ctrl/⌘ K opens the palette, `g` and a letter goes to a page, `?` lists them. Single letters can be switched off. */
export function useShortcuts(items: NavItem[], open: { palette: () => void; sheet: () => void }) {
  const navigate = useNavigate()
  const armedAt = useRef(Number.NEGATIVE_INFINITY)
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if ((event.metaKey || event.ctrlKey) && event.key.toLowerCase() === 'k') {
        event.preventDefault()
        open.palette()
        return
      }
      if (event.metaKey || event.ctrlKey || event.altKey || isTyping(event.target)) return
      if (preference('shortcuts') === 'off') return
      if (event.key === '?') open.sheet()
      if (event.key === 'g') {
        armedAt.current = event.timeStamp
        return
      }
      const item = event.timeStamp - armedAt.current < CHORD_MS ? items.find((candidate) => candidate.letter === event.key) : undefined
      armedAt.current = Number.NEGATIVE_INFINITY
      if (item) void navigate({ to: item.to })
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [items, navigate, open])
}
