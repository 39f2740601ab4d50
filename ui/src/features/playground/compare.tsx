import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { promptQueries } from '@/api/prompt-queries'
import { keys, queries } from '@/api/queries'
import { useSession } from '@/api/session'
import type { PlaygroundRun } from '@/api/types'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { EmptyState } from '@/components/page'
import { CardsSkeleton } from '@/components/skeleton'
import { useRendered } from '@/components/template-fill'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { Answers } from './answers'
import { type Draft, draftOf, emptyDraft, firstColumns, parametersOf, templateOf } from './draft'
import { PromptForm } from './prompt-form'
import { useRun } from './use-run'

const route = getRouteApi('/app/playground')

/**
 * What was being written survives a look at another tab of the page, and another page, for the same person in the same organisation.
 * `run` is the one whose prompt is in the form: begun here, or opened last.
 */
let kept: { owner: string; draft: Draft; run: string | null } = { owner: '', draft: emptyDraft(), run: null }

/** The form of a prompt above the answers of the run in the address. */
export function Compare() {
  const { run: id, template } = route.useSearch()
  const shown = useRun(id)
  const models = useModels()
  const [draft, setDraft] = useDraft(shown.run, template, models.names)
  const start = useStart(draft)
  const running = shown.running || start.isPending
  const stop = useMutation({
    mutationFn: () => api.post('/api/playground/runs/{id}/stop', { path: { id: id ?? '' } }),
    onError: toast.error,
  })
  if (models.error) return <ErrorState error={models.error} onRetry={models.retry} />
  if (!models.names) return <CardsSkeleton cards={2} className="md:grid-cols-2" />
  if (models.names.length === 0) {
    return (
      <section className="panel">
        <EmptyState title={t('playground.no_models_title')}>{t('playground.no_models')}</EmptyState>
      </section>
    )
  }
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-5">
      <PromptForm
        draft={draft}
        onDraft={(next) => {
          start.reset()
          setDraft(next)
        }}
        models={models.choices}
        version={start.version}
        rendered={start.rendered}
        error={start.error}
        running={running}
        onRun={start.run}
        onStop={() => stop.mutate()}
      />
      {id === undefined ? (
        <section className="panel">
          <EmptyState title={t('playground.answers_empty_title')}>{t('playground.answers_empty')}</EmptyState>
        </section>
      ) : (
        <Shown shown={shown} onStop={() => stop.mutate()} onRun={start.run} />
      )}
    </div>
  )
}

type ShownProps = { shown: ReturnType<typeof useRun>; onStop: () => void; onRun: () => void }
function Shown({ shown, onStop, onRun }: ShownProps) {
  const { query, run, columns } = shown
  if (run && columns) {
    return (
      <>
        {shown.lost ? (
          <p
            role="alert"
            className="flex flex-wrap items-center gap-3 rounded-[16px] border border-warn/50 bg-warn/10 px-4 py-3 text-[14px]"
          >
            <span className="min-w-0 flex-1">{t('playground.lost')}</span>
            <Button kind="outline" size="sm" onClick={shown.rejoin}>
              {t('playground.rejoin')}
            </Button>
          </p>
        ) : null}
        <Answers run={run} columns={columns} running={shown.running} onStop={onStop} onRun={onRun} />
      </>
    )
  }
  if (isApiError(query.error) && query.error.status === 404) {
    return (
      <section className="panel">
        <EmptyState title={t('playground.gone_title')}>{t('playground.gone')}</EmptyState>
      </section>
    )
  }
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <CardsSkeleton cards={2} className="md:grid-cols-2" />
}

/** The models that write. `auto` names another one, and quoting is no model. */
function useModels() {
  const { data, error, refetch } = useQuery(queries.modelChoices())
  const choices = data?.items.filter((choice) => choice.mode === 'generative' && choice.model !== 'auto') ?? []
  return {
    choices,
    names: data ? choices.map((choice) => choice.model) : undefined,
    error: data ? null : error,
    retry: () => void refetch(),
  }
}

/** The draft; a run that is opened from its address or from the list comes into the form, one begun here is there already. */
function useDraft(run: PlaygroundRun | undefined, template: string | undefined, models: readonly string[] | undefined) {
  const { person, organisation } = useSession()
  const owner = `${organisation.id}/${person.id}`
  if (kept.owner !== owner) kept = { owner, draft: emptyDraft(), run: null }
  const [draft, setDraft] = useState(kept.draft)
  const put = (next: Draft) => {
    kept.draft = next
    setDraft(next)
  }
  useEffect(() => {
    if (!run?.prompt || kept.run === run.id) return
    kept.run = run.id
    put(draftOf(run))
  })
  const wanted = useRef<string | undefined>(undefined)
  useEffect(() => {
    if (!template || wanted.current === template) return
    wanted.current = template
    // Already in the form: what was typed into it stays.
    if (kept.draft.source === 'template' && kept.draft.template?.id === template) return
    put({ ...kept.draft, source: 'template', template: { id: template, version: undefined, fields: {} } })
  })
  useEffect(() => {
    if (models && models.length > 0 && kept.draft.columns.length === 0) put({ ...kept.draft, columns: firstColumns(models) })
  })
  return [draft, put] as const
}

/** Everything that begins a run: the template's text, the request, the refusal. */
function useStart(draft: Draft) {
  const client = useQueryClient()
  const navigate = useNavigate()
  const source = draft.source === 'template' ? draft.template : null
  const template = useQuery({ ...promptQueries.prompt(source?.id ?? ''), enabled: source !== null })
  const older = source?.version !== undefined && source.version !== template.data?.current.number
  const version = useQuery({ ...promptQueries.promptVersion(source?.id ?? '', source?.version ?? 0), enabled: source !== null && older })
  const used = older ? version.data : template.data?.current
  const rendered = useRendered(source?.id ?? '', source ? used : undefined, source?.fields ?? {})
  const { mutate, error, isPending, reset } = useMutation({
    mutationFn: () =>
      api.post('/api/playground/runs', {
        body: {
          system: draft.system,
          ...(source ? { template: templateOf(draft, used?.variables ?? []) } : { messages: [{ role: 'user', content: draft.text }] }),
          columns: draft.columns.map((column) => ({ model: column.model, parameters: parametersOf(column) })),
          in_turn: draft.inTurn,
        },
      }),
    onSuccess: (run) => {
      kept.run = run.id
      client.setQueryData(keys.playgroundRun(run.id), run)
      announce(t('playground.said.started', { count: run.answers.length }))
      return navigate({ to: '/playground', search: { run: run.id }, resetScroll: false, viewTransition: false })
    },
  })
  return {
    run: () => mutate(),
    error,
    isPending,
    reset,
    version: source ? { name: template.data?.template.name, used, failed: template.error ?? version.error } : null,
    rendered,
  }
}
