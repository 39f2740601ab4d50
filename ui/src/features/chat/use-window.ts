import { type RefObject, useEffect, useLayoutEffect, useReducer, useRef } from 'react'
import type { Turn } from './turns'
import { rowsOf, type Span, windowOf } from './window'

/** Up to this many turns all stand on the page; a longer conversation opens with what can be seen. */
export const PLAIN_TURNS_MAX = 12
const OVERSCAN = 4

type View = { top: number; height: number; first: string | undefined }

/** A guess for a turn that has not been on the page yet, from its length. */
function estimate(turn: Turn): number {
  const lines = (text: string) => Math.ceil(text.length / 72) + (text.match(/\n/g)?.length ?? 0)
  return 150 + 24 * (lines(turn.question?.text ?? '') + lines(turn.answer?.text ?? ''))
}

const same = (one: Span, other: Span) =>
  one.first === other.first && one.last === other.last && one.before === other.before && one.after === other.after

/**
 * Virtualises a long conversation by turn. Rows stand in normal flow between two spaces, so that a turn that grows moves what
 * is below it without any measuring; heights of turns that were on the page are remembered, others are guessed.
 */
export function useWindow(
  scroller: RefObject<HTMLElement | null>,
  list: RefObject<HTMLElement | null>,
  turns: readonly Turn[],
  gap: number,
) {
  const sizes = useRef(new Map<string, number>())
  const view = useRef<View>({ top: Number.MAX_SAFE_INTEGER, height: 1_000, first: turns[0]?.key })
  const [, redraw] = useReducer((count: number) => count + 1, 0)
  const sizeOf = (turn: Turn) => sizes.current.get(turn.key) ?? estimate(turn)
  const spanAt = ({ top, height }: View): Span =>
    turns.length > PLAIN_TURNS_MAX
      ? windowOf(turns.map(sizeOf), gap, { top, bottom: top + height }, OVERSCAN)
      : { first: 0, last: turns.length - 1, before: 0, after: 0 }

  // Turns that came in before the first one push the view down, before anything is drawn.
  const known = turns.findIndex((turn) => turn.key === view.current.first)
  if (known > 0) view.current.top += turns.slice(0, known).reduce((sum, turn) => sum + sizeOf(turn) + gap, 0)
  view.current.first = turns[0]?.key
  const span = spanAt(view.current)

  // What is on the page is measured after every drawing; reading is cheap, nothing is written.
  useLayoutEffect(() => {
    for (const row of list.current?.children ?? []) {
      if (row instanceof HTMLElement && row.dataset.turn) sizes.current.set(row.dataset.turn, row.offsetHeight)
    }
  })
  const look = useRef(() => {})
  look.current = () => {
    const element = scroller.current
    if (!element) return
    view.current = { ...view.current, top: element.scrollTop - (list.current?.offsetTop ?? 0), height: element.clientHeight }
    if (!same(spanAt(view.current), span)) redraw()
  }
  useEffect(() => {
    const element = scroller.current
    if (!element) return
    const onScroll = () => look.current()
    onScroll()
    element.addEventListener('scroll', onScroll, { passive: true })
    const resized = new ResizeObserver(onScroll)
    resized.observe(element)
    return () => {
      element.removeEventListener('scroll', onScroll)
      resized.disconnect()
    }
  }, [scroller])
  return { rows: rowsOf(span, turns.length), before: span.before, after: span.after }
}
