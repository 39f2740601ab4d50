import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Fingerprint } from 'lucide-react'
import { type KeyboardEvent, useEffect, useRef } from 'react'
import { api } from '@/api/client'
import { keys } from '@/api/queries'
import type { PlaygroundAnswer, PlaygroundRun, RatingInput } from '@/api/types'
import { announce } from '@/components/announcer'
import { KeyHint } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { toast } from '@/components/toast'
import { rich, t } from '@/lib/i18n'
import { preference } from '@/lib/preferences'
import { AnswerColumn } from './answer-column'
import { fastestOf } from './live'
import type { Column } from './use-run'

type AnswersProps = { run: PlaygroundRun; columns: readonly Column[]; running: boolean; onStop: () => void; onRun: () => void }

/** The answers of a run side by side, with every way to judge them. */
export function Answers({ run, columns, running, onStop }: AnswersProps) {
  const grid = useRef<HTMLUListElement>(null)
  const judge = useJudge(run)
  const fastest = fastestOf(columns.map((column) => column.answer))
  const choose = (answer: PlaygroundAnswer) => judge.choose(run.best_answer_id === answer.id ? null : answer)
  useColumnKeys(grid, running ? onStop : null)
  const onKeyDown = (answer: PlaygroundAnswer) => (event: KeyboardEvent) => {
    if (!run.is_own || preference('shortcuts') === 'off' || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return
    const actions: Record<string, () => void> = {
      '+': () => judge.rate(answer, answer.rating?.verdict === 'up' ? null : { verdict: 'up' }),
      '-': () => judge.rate(answer, answer.rating?.verdict === 'down' ? null : { verdict: 'down' }),
      '*': () => choose(answer),
      '.': () => judge.stop(answer),
    }
    const action = actions[event.key]
    if (!action) return
    const isRunning = answer.state === 'running'
    if ((event.key === '.') !== isRunning || (event.key === '*' && running) || answer.state === 'failed') return
    event.preventDefault()
    action()
  }
  return (
    <section aria-label={t('playground.answers')}>
      {run.is_own ? null : <p className="mb-3 px-1 text-[14px] text-ink-2">{t('playground.somebody', { name: run.by })}</p>}
      <ul ref={grid} className={`grid grid-cols-[minmax(0,1fr)] gap-4 md:grid-cols-2 ${columns.length > 2 ? WIDE[columns.length] : ''}`}>
        {columns.map((column, index) => (
          <AnswerColumn
            key={column.answer.id}
            column={column}
            number={index + 1}
            owner={run.is_own ? null : run.by}
            isBest={run.best_answer_id === column.answer.id}
            isFastest={fastest === column.answer.id}
            onKeyDown={onKeyDown(column.answer)}
            onStop={() => judge.stop(column.answer)}
            onRate={(input) => judge.rate(column.answer, input)}
            onBest={run.is_own && !running && columns.length > 1 ? () => choose(column.answer) : undefined}
          />
        ))}
      </ul>
      <div className="mt-4 flex flex-wrap items-center gap-x-6 gap-y-2 px-1 text-[12.5px] text-ink-3">
        <p className="flex min-w-0 items-center gap-1.5">
          <Fingerprint size={14} aria-hidden="true" />
          {t('playground.hash')}
          <span className="truncate font-mono" title={run.prompt_sha256}>
            {run.prompt_sha256.slice(0, 12)}
          </span>
          <CopyButton text={run.prompt_sha256} label={t('playground.copy_hash')} />
        </p>
        {run.is_own ? <p className="max-md:hidden">{keysHint(columns.length)}</p> : null}
      </div>
    </section>
  )
}

const WIDE: Record<number, string> = { 3: 'xl:grid-cols-3', 4: '2xl:grid-cols-4' }

function keysHint(count: number) {
  const key = (text: string) => <KeyHint k={text} />
  return rich(
    'playground.keys',
    {},
    {
      up: key('+'),
      down: key('−'),
      best: key('*'),
      stop: key('.'),
      first: key('1'),
      last: key(String(count)),
      run: key('Ctrl ↵'),
    },
  )
}

const isTyping = (target: EventTarget | null) =>
  target instanceof Element && target.closest('input, textarea, select, [contenteditable], [role=dialog], [role=menu]') !== null

/** Digits lead to a column, Escape stops a run; single keys can be switched off. */
function useColumnKeys(grid: { readonly current: HTMLElement | null }, onStop: (() => void) | null) {
  useEffect(() => {
    const onKey = (event: globalThis.KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented || isTyping(event.target)) return
      if (event.key === 'Escape' && onStop) return onStop()
      if (preference('shortcuts') === 'off' || !/^[1-4]$/.test(event.key)) return
      const column = grid.current?.querySelectorAll<HTMLElement>('[data-column]')[Number(event.key) - 1]
      if (!column) return
      event.preventDefault()
      column.focus()
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [grid, onStop])
}

/** Stopping, thumbs and the choice of the best, each shown at once and put right by the node's answer. */
function useJudge(run: PlaygroundRun) {
  const client = useQueryClient()
  const key = keys.playgroundRun(run.id)
  const patch = (change: (run: PlaygroundRun) => PlaygroundRun) =>
    client.setQueryData<PlaygroundRun>(key, (known) => (known ? change(known) : known))
  const refresh = () => {
    void client.invalidateQueries({ queryKey: keys.playground })
    void client.invalidateQueries({ queryKey: keys.ratings })
  }
  const failed = (error: unknown) => {
    toast.error(error)
    refresh()
  }
  const stop = useMutation({
    mutationFn: (answer: string) => api.post('/api/playground/runs/{id}/answers/{answer}/stop', { path: { id: run.id, answer } }),
    onError: toast.error,
  })
  const rate = useMutation({
    mutationFn: async ({ answer, input }: { answer: string; input: RatingInput | null }) => {
      const path = { id: run.id, answer }
      if (input) await api.post('/api/playground/runs/{id}/answers/{answer}/rating', { path, body: input })
      else await api.delete('/api/playground/runs/{id}/answers/{answer}/rating', { path })
    },
    onMutate: ({ answer, input }) => {
      const rating = input ? { verdict: input.verdict, reason: input.reason ?? '', rated_at: new Date().toISOString() } : null
      patch((known) => ({ ...known, answers: known.answers.map((one) => (one.id === answer ? { ...one, rating } : one)) }))
    },
    onSuccess: refresh,
    onError: failed,
  })
  const best = useMutation({
    mutationFn: (answer_id: string | null) => api.post('/api/playground/runs/{id}/best', { path: { id: run.id }, body: { answer_id } }),
    onMutate: (best_answer_id) => void patch((known) => ({ ...known, best_answer_id })),
    onSuccess: refresh,
    onError: failed,
  })
  return {
    stop: (answer: PlaygroundAnswer) => stop.mutate(answer.id),
    rate: (answer: PlaygroundAnswer, input: RatingInput | null) => rate.mutate({ answer: answer.id, input }),
    choose: (answer: PlaygroundAnswer | null) => {
      best.mutate(answer?.id ?? null)
      if (answer) announce(t('playground.best_chosen', { model: answer.model }))
    },
  }
}
