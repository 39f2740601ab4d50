import { ArrowDown } from 'lucide-react'
import { useEffect, useLayoutEffect, useMemo, useRef } from 'react'
import type { Citation, Message, Ve } from '@/api/types'
import { Button } from '@/components/button'
import { scrollRegion } from '@/components/scroll'
import { RowsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { TurnView } from './turn'
import { useFollow } from './use-follow'
import type { History } from './use-history'
import { useWindow } from './use-window'

const GAP = 28
/** Older messages are read when the reader is this near to the first one. */
const NEAR_START = '600px 0px 0px 0px'

type ListProps = {
  ve: Ve
  history: History
  onSource: (source: Citation) => void
  onEdit?: (question: Message) => void
  onAgain?: (answer: Message) => void
  onRejoin: (answer: Message) => void
}

/** The turns of a conversation. Long ones are virtualised by turn; the last turn, which may be growing, always stands on the page. */
export function MessageList({ ve, history, onSource, onEdit, onAgain, onRejoin }: ListProps) {
  const { turns, query, answer } = history
  const act = useSteadyHandlers({ onSource, onEdit, onAgain, onRejoin })
  const scroller = useRef<HTMLDivElement>(null)
  const content = useRef<HTMLDivElement>(null)
  const list = useRef<HTMLOListElement>(null)
  const { atEnd, toEnd } = useFollow(scroller, content, answer.page)
  const { rows, before, after } = useWindow(scroller, list, turns, GAP)

  // A question the reader has just sent is shown to them, wherever they were.
  const asked = answer.run?.phase === 'starting' && answer.run.question ? answer.run.id : null
  useLayoutEffect(() => {
    if (asked) toEnd()
  }, [asked, toEnd])

  return (
    <div className="relative min-h-0 flex-1">
      <div ref={scroller} {...scrollRegion(t('chat.messages'))} role="log" aria-live="off" className="chat-scroll h-full overflow-y-auto">
        <div ref={content} className="mx-auto max-w-[760px] px-4 py-6 sm:px-6">
          <Older query={query} scroller={scroller} />
          {turns.length === 0 && query.isPending ? <RowsSkeleton rows={4} /> : null}
          <ol ref={list} className="flex flex-col" style={{ gap: GAP, paddingTop: before }}>
            {rows.map((index) => {
              const turn = turns[index]
              if (!turn) return null
              const last = index === turns.length - 1
              return (
                <li key={turn.key} data-turn={turn.key} style={last && after > 0 ? { marginTop: after } : undefined}>
                  <TurnView
                    ve={ve}
                    turn={turn}
                    run={turn.live || answer.run?.phase === 'lost' ? answer.run : undefined}
                    onSource={act.source}
                    onEdit={onEdit ? act.edit : undefined}
                    onAgain={last && onAgain ? act.again : undefined}
                    onRejoin={last ? act.rejoin : undefined}
                  />
                </li>
              )
            })}
          </ol>
        </div>
      </div>
      {atEnd ? null : (
        <button
          type="button"
          onClick={toEnd}
          className="absolute bottom-3 start-1/2 flex h-10 -translate-x-1/2 items-center gap-2 rounded-full border border-field bg-surface px-4 text-[13.5px] font-medium shadow-[var(--sh-2)] hover:border-brand hover:text-brand rtl:translate-x-1/2"
        >
          <ArrowDown size={15} aria-hidden="true" />
          {t('chat.jump')}
        </button>
      )}
    </div>
  )
}

/** Handlers that never change, so that a finished turn is not drawn again; each calls the newest one. */
function useSteadyHandlers(handlers: Pick<ListProps, 'onSource' | 'onEdit' | 'onAgain' | 'onRejoin'>) {
  const latest = useRef(handlers)
  latest.current = handlers
  return useMemo(
    () => ({
      source: (source: Citation) => latest.current.onSource(source),
      edit: (question: Message) => latest.current.onEdit?.(question),
      again: (answer: Message) => latest.current.onAgain?.(answer),
      rejoin: (answer: Message) => latest.current.onRejoin(answer),
    }),
    [],
  )
}

/** Reads earlier messages as the reader comes near the first one; a button does the same by keyboard. */
function Older({ query, scroller }: { query: History['query']; scroller: { readonly current: HTMLElement | null } }) {
  const mark = useRef<HTMLDivElement>(null)
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const more = hasNextPage && !isFetchingNextPage
  useEffect(() => {
    const element = mark.current
    if (!element || !more) return
    const near = new IntersectionObserver(([entry]) => entry?.isIntersecting && void fetchNextPage(), {
      root: scroller.current,
      rootMargin: NEAR_START,
    })
    near.observe(element)
    return () => near.disconnect()
  }, [more, fetchNextPage, scroller])
  if (!hasNextPage) return null
  return (
    <div ref={mark} className="mb-6 grid h-9 place-items-center">
      <Button kind="quiet" size="sm" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
        {isFetchingNextPage ? t('chat.loading_older') : t('chat.load_older')}
      </Button>
    </div>
  )
}
