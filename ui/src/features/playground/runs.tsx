import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Award, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { playgroundQueries } from '@/api/playground-queries'
import { keys } from '@/api/queries'
import type { PlaygroundRunSummary } from '@/api/types'
import { Button, btn, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Segmented } from '@/components/field'
import { EmptyState } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime, formatRelative } from '@/lib/i18n/format'

const route = getRouteApi('/app/playground')

/** Runs so far: one's own, or everyone's with their prompts hidden. */
export function Runs() {
  const { everyone } = route.useSearch()
  const isEveryone = everyone === '1'
  const navigate = useNavigate()
  const list = useInfiniteQuery(playgroundQueries.playgroundRuns(isEveryone))
  const [deleting, setDeleting] = useState<PlaygroundRunSummary | null>(null)
  const runs = list.data?.pages.flatMap((page) => page.items)
  const show = (whose: 'mine' | 'everyone') =>
    void navigate({
      to: '/playground',
      search: { tab: 'runs', ...(whose === 'everyone' ? { everyone: '1' } : {}) },
      replace: true,
      resetScroll: false,
    })
  return (
    <>
      <Segmented
        label={t('playground.whose')}
        value={isEveryone ? 'everyone' : 'mine'}
        onChange={show}
        className="mb-4"
        items={[
          ['mine', t('playground.whose.mine')],
          ['everyone', t('playground.whose.everyone')],
        ]}
      />
      <section className="panel">
        {list.error && !list.data ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
        {list.data || list.error ? null : <RowsSkeleton rows={4} className="p-5" />}
        {runs?.length === 0 ? (
          <EmptyState
            title={t('playground.runs_empty_title')}
            action={
              <Link to="/playground" className={btn()}>
                {t('playground.runs_empty_action')}
              </Link>
            }
          >
            {t('playground.runs_empty')}
          </EmptyState>
        ) : null}
        <ul aria-label={t('playground.runs')} className="divide-y divide-line">
          {runs?.map((run) => (
            <RunRow key={run.id} run={run} onDelete={run.is_own && !run.is_running ? () => setDeleting(run) : undefined} />
          ))}
        </ul>
      </section>
      {list.hasNextPage ? (
        <div className="mt-6 text-center">
          <Button kind="outline" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            {t('action.more')}
          </Button>
        </div>
      ) : null}
      {deleting ? <DeleteRun run={deleting} onClose={() => setDeleting(null)} /> : null}
    </>
  )
}

function RunRow({ run, onDelete }: { run: PlaygroundRunSummary; onDelete?: () => void }) {
  const when = formatRelative(run.created_at)
  return (
    <li className="relative flex flex-wrap items-center gap-x-4 gap-y-2 px-5 py-4 max-sm:pe-14 transition-colors hover:bg-surface-2/60">
      <div className="min-w-0 flex-1 basis-[260px]">
        <Link
          to="/playground"
          search={{ run: run.id }}
          className="line-clamp-1 text-[15px] font-medium after:absolute after:inset-0 hover:text-brand"
        >
          {run.excerpt ?? t('playground.run_hidden', { hash: run.prompt_sha256.slice(0, 12) })}
        </Link>
        <p className="text-[13px] text-ink-3" title={formatDateTime(run.created_at)}>
          {run.is_own ? when : t('playground.run_by', { name: run.by, time: when })}
        </p>
      </div>
      <p className="flex flex-wrap items-center gap-1.5 text-[12.5px]">
        {run.models.map((model, index) => (
          <span key={index} className="rounded-full bg-surface-2 px-2.5 py-0.5 font-mono text-ink-2">
            {model}
          </span>
        ))}
        {run.best_model ? (
          <span className="flex items-center gap-1 rounded-full bg-brand-soft px-2.5 py-0.5 font-medium text-brand">
            <Award size={13} aria-hidden="true" />
            {t('playground.run_best', { model: run.best_model })}
          </span>
        ) : null}
        {run.is_running ? <StatusPill state="running">{t('playground.running')}</StatusPill> : null}
      </p>
      {onDelete ? (
        <IconButton
          label={t('playground.delete_of', { time: when })}
          className="z-[1] max-sm:absolute max-sm:end-2.5 max-sm:top-2.5"
          onClick={onDelete}
        >
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      ) : null}
    </li>
  )
}

function DeleteRun({ run, onClose }: { run: PlaygroundRunSummary; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: () => api.delete('/api/playground/runs/{id}', { path: { id: run.id } }),
    onSuccess: () => {
      toast.success(t('playground.deleted'))
      return client.invalidateQueries({ queryKey: keys.playground })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => remove.mutate()}
      title={t('playground.delete_title')}
      confirm={t('playground.delete')}
      busy={remove.isPending}
    >
      {t('playground.delete_text')}
    </ConfirmDialog>
  )
}
