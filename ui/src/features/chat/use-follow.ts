import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Nearer to the end than this many pixels counts as being there. */
const NEAR_END = 56

type Anchor = { key: string; top: number }

/** The first turn in view and where it stands. */
function anchorOf(scroller: HTMLElement): Anchor | null {
  const edge = scroller.getBoundingClientRect()
  for (const row of scroller.querySelectorAll<HTMLElement>('[data-turn]')) {
    const box = row.getBoundingClientRect()
    if (box.bottom > edge.top && box.top < edge.bottom) return { key: row.dataset.turn ?? '', top: box.top - edge.top }
  }
  return null
}

/** Puts the turn back where it stood, when something above it has changed its height. */
function hold(scroller: HTMLElement, anchor: Anchor) {
  const row = scroller.querySelector<HTMLElement>(`[data-turn="${CSS.escape(anchor.key)}"]`)
  if (!row) return
  const moved = row.getBoundingClientRect().top - scroller.getBoundingClientRect().top - anchor.top
  if (Math.abs(moved) >= 1) scroller.scrollTop += moved
}

/**
 * Keeps the end in view while the reader is there; where they are not, what they look at stays where it is, whatever comes in
 * above or below. `page` names what is shown: another one starts at its end.
 */
export function useFollow(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, page: string) {
  const following = useRef(true)
  const anchor = useRef<Anchor | null>(null)
  const [atEnd, setAtEnd] = useState(true)

  const toEnd = useCallback(() => {
    following.current = true
    setAtEnd(true)
    const element = scroller.current
    if (element) element.scrollTop = element.scrollHeight
  }, [scroller])

  /** After any change of height: to the end, or back to what the reader looks at. */
  const settle = useCallback(() => {
    const element = scroller.current
    if (!element) return
    if (following.current) element.scrollTop = element.scrollHeight
    else if (anchor.current) hold(element, anchor.current)
  }, [scroller])
  useLayoutEffect(toEnd, [page, toEnd])
  useLayoutEffect(settle)

  useEffect(() => {
    const [element, inside] = [scroller.current, content.current]
    if (!element || !inside) return
    let last = element.scrollTop
    const onScroll = () => {
      const near = element.scrollHeight - element.scrollTop - element.clientHeight < NEAR_END
      if (near) following.current = true
      else if (element.scrollTop < last) following.current = false
      last = element.scrollTop
      anchor.current = anchorOf(element)
      setAtEnd(near || following.current)
    }
    const growth = new ResizeObserver(settle)
    element.addEventListener('scroll', onScroll, { passive: true })
    growth.observe(inside)
    growth.observe(element)
    return () => {
      element.removeEventListener('scroll', onScroll)
      growth.disconnect()
    }
  }, [scroller, content, settle])

  return { atEnd, toEnd }
}
