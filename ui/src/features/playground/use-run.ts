import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState } from 'react'
import { playgroundQueries } from '@/api/playground-queries'
import { followRun } from '@/api/playground-stream'
import { keys } from '@/api/queries'
import type { PlaygroundAnswer, PlaygroundRun } from '@/api/types'
import { announce } from '@/components/announcer'
import { t } from '@/lib/i18n'
import { type LiveAnswer, type LiveRun, NOTHING, reduceRun } from './live'

/** A column as shown: what the node stored, and what is on its way. */
export type Column = { answer: PlaygroundAnswer; live: LiveAnswer | undefined }

/** A run by its address; while it is answered, what its models write arrives here. */
export function useRun(id: string | undefined) {
  const client = useQueryClient()
  const query = useQuery({ ...playgroundQueries.playgroundRun(id ?? ''), enabled: id !== undefined })
  const run = id === undefined ? undefined : query.data
  const running = run?.is_own === true && run.answers.some((answer) => answer.state === 'running')
  const adopt = useCallback(
    (done: PlaygroundRun) => {
      client.setQueryData(keys.playgroundRun(done.id), done)
      void client.invalidateQueries({ queryKey: [...keys.playground, 'list'] })
    },
    [client],
  )
  const { live, lost, rejoin } = useLive(running ? run.id : null, adopt)
  const columns = run?.answers.map((answer): Column => {
    const ended = live.ended[answer.id]
    const stored = answer.state === 'running' && ended ? ended : answer
    return { answer: stored, live: stored.state === 'running' && running ? (live.writing[answer.id] ?? undefined) : undefined }
  })
  return { query, run, columns, running, lost, rejoin }
}

/** Follows a run and shows what came in at most once per frame. */
function useLive(id: string | null, onDone: (run: PlaygroundRun) => void) {
  const [live, setLive] = useState<LiveRun>(NOTHING)
  const [lost, setLost] = useState(false)
  const [attempt, setAttempt] = useState(0)
  const done = useRef(onDone)
  done.current = onDone
  useEffect(() => {
    if (id === null) return
    const abort = new AbortController()
    let newest = NOTHING
    let frame = 0
    const show = () => {
      frame = 0
      setLive(newest)
    }
    setLive(NOTHING)
    setLost(false)
    const listen = async () => {
      for await (const event of followRun(id, abort.signal)) {
        newest = reduceRun(newest, event, performance.now())
        if (event.type === 'answered') announce(t('playground.said.answered', { model: event.answer.model }))
        if (event.type === 'done') {
          announce(t('playground.said.done'))
          done.current(event.run)
        }
        frame ||= requestAnimationFrame(show)
      }
    }
    listen().catch(() => {
      if (!abort.signal.aborted) setLost(true)
    })
    return () => {
      abort.abort()
      cancelAnimationFrame(frame)
    }
  }, [id, attempt])
  return { live, lost: lost && id !== null, rejoin: useCallback(() => setAttempt((count) => count + 1), []) }
}
