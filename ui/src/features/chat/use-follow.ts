import { type RefObject, useCallback, useEffect, useLayoutEffect, useRef, useState } from 'react'

/** Nearer to the end than this many pixels counts as being there. */
const NEAR_END = 56

/**
 * Keeps the end in view while the reader is there, and never moves them when they are not.
 * `page` names what is shown: another one starts at its end.
 */
export function useFollow(scroller: RefObject<HTMLElement | null>, content: RefObject<HTMLElement | null>, page: string) {
  const following = useRef(true)
  const [atEnd, setAtEnd] = useState(true)

  const toEnd = useCallback(() => {
    following.current = true
    setAtEnd(true)
    const element = scroller.current
    if (element) element.scrollTop = element.scrollHeight
  }, [scroller])
  useLayoutEffect(toEnd, [page, toEnd])

  useEffect(() => {
    const [element, inside] = [scroller.current, content.current]
    if (!element || !inside) return
    let last = element.scrollTop
    const distance = () => element.scrollHeight - element.scrollTop - element.clientHeight
    const onScroll = () => {
      const near = distance() < NEAR_END
      if (near) following.current = true
      else if (element.scrollTop < last) following.current = false
      last = element.scrollTop
      setAtEnd(near || following.current)
    }
    const growth = new ResizeObserver(() => {
      if (following.current) element.scrollTop = element.scrollHeight
      else setAtEnd(distance() < NEAR_END)
    })
    element.addEventListener('scroll', onScroll, { passive: true })
    growth.observe(inside)
    growth.observe(element)
    return () => {
      element.removeEventListener('scroll', onScroll)
      growth.disconnect()
    }
  }, [scroller, content])

  return { atEnd, toEnd, following }
}
