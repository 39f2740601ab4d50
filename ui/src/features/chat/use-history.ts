import { useInfiniteQuery } from '@tanstack/react-query'
import { useEffect, useMemo, useRef } from 'react'
import { useConnection } from '@/api/events'
import { queries } from '@/api/queries'
import type { Message, Ve } from '@/api/types'
import { isActive } from './run'
import { turnKey } from './run-store'
import { answerOf, turnsOf } from './turns'
import { useAnswer } from './use-answer'

const NONE: readonly Message[] = []

/** The messages of a conversation, oldest first, with the answer under way laid over them. */
export function useHistory(ve: Ve, conversation: string | null) {
  const answer = useAnswer(ve, conversation)
  const query = useInfiniteQuery({ ...queries.messages(ve.id, conversation), enabled: conversation !== null })
  const pages = query.data?.pages
  const messages = useMemo(() => pages?.flatMap((page) => page.items).reverse() ?? NONE, [pages])
  const { run, follow } = answer

  // An answer that another tab began, or that a reload of this one left behind, is followed from its beginning.
  const running = messages.findLast((message) => message.state === 'running')?.id
  const heard = isActive(run) || run?.message_id === running
  useEffect(() => {
    if (running && !heard) follow(running)
  }, [running, heard, follow])

  // One whose connection was lost is joined again as soon as the node is back.
  const back = useConnection() === 'live'
  const lost = run?.phase === 'lost' ? run.message_id : null
  const wasBack = useRef(back)
  useEffect(() => {
    if (back && !wasBack.current && lost) follow(lost)
    wasBack.current = back
  }, [back, lost, follow])

  const turns = useMemo(() => turnsOf(messages, run, turnKey), [messages, run])
  const latest = turns.at(-1)?.answer ?? (run && isActive(run) ? answerOf(run) : null)
  return { answer, turns, latest, query, isEmpty: turns.length === 0 }
}
export type History = ReturnType<typeof useHistory>
