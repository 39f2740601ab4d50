import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query'
import { getRouteApi, useNavigate } from '@tanstack/react-router'
import { GitCompareArrows, RotateCcw } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { promptQueries } from '@/api/prompt-queries'
import { keys } from '@/api/queries'
import { useCan } from '@/api/session'
import type { PromptTemplate, PromptVersion } from '@/api/types'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Select } from '@/components/field'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { Diff } from './diff'

const route = getRouteApi('/app/prompts/$prompt')

/** The versions of a template, and what differs between two of them. */
export function Versions({ template }: { template: PromptTemplate }) {
  const search = route.useSearch()
  const navigate = useNavigate()
  const list = useInfiniteQuery(promptQueries.promptVersions(template.id))
  const [restoring, setRestoring] = useState<number | null>(null)
  const mayRestore = useCan('prompts.manage') && template.archived_at === null
  const versions = list.data?.pages.flatMap((page) => page.items)
  const inRange = (text: string | undefined) => {
    const number = Number(text)
    return Number.isInteger(number) && number >= 1 && number <= template.version ? number : undefined
  }
  const to = inRange(search.to) ?? template.version
  const from = inRange(search.from) ?? Math.max(1, to - 1)
  const compare = (next: { from: number; to: number }) =>
    void navigate({
      to: '/prompts/$prompt',
      params: { prompt: template.id },
      search: { tab: 'versions', from: String(next.from), to: String(next.to) },
      replace: true,
      resetScroll: false,
    })
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] items-start gap-4 xl:grid-cols-[minmax(0,1fr)_minmax(0,1.35fr)]">
      <Panel title={t('prompts.tab.versions')} pad={false}>
        {list.error && !list.data ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
        {list.data || list.error ? null : <RowsSkeleton rows={3} className="p-5" />}
        <ol aria-label={t('prompts.tab.versions')} reversed className="divide-y divide-line">
          {versions?.map((version) => (
            <VersionRow
              key={version.number}
              version={version}
              isNewest={version.number === template.version}
              isShown={version.number === to}
              onCompare={version.number > 1 ? () => compare({ from: version.number - 1, to: version.number }) : undefined}
              onRestore={mayRestore && version.number !== template.version ? () => setRestoring(version.number) : undefined}
            />
          ))}
        </ol>
        {list.hasNextPage ? (
          <div className="p-4 text-center">
            <Button kind="outline" size="sm" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
              {t('action.more')}
            </Button>
          </div>
        ) : null}
      </Panel>
      <Panel
        title={t('prompts.compare')}
        icon={GitCompareArrows}
        i={1}
        end={<Pair count={template.version} from={from} to={to} onPick={compare} />}
      >
        <Diff id={template.id} from={from} to={to} />
      </Panel>
      {restoring === null ? null : <Restore template={template} version={restoring} onClose={() => setRestoring(null)} />}
    </div>
  )
}

type PairProps = { count: number; from: number; to: number; onPick: (pair: { from: number; to: number }) => void }
function Pair({ count, from, to, onPick }: PairProps) {
  const items = Array.from({ length: count }, (_, index) => {
    const number = count - index
    return [String(number), t('prompts.version', { version: number })] as const
  })
  return (
    <>
      <Select
        bare
        label={t('prompts.compare_from')}
        value={String(from)}
        items={items}
        onChange={(next) => onPick({ from: Number(next), to })}
      />
      <Select
        bare
        label={t('prompts.compare_to')}
        value={String(to)}
        items={items}
        onChange={(next) => onPick({ from, to: Number(next) })}
      />
    </>
  )
}

type RowProps = { version: PromptVersion; isNewest: boolean; isShown: boolean; onCompare?: () => void; onRestore?: () => void }
function VersionRow({ version, isNewest, isShown, onCompare, onRestore }: RowProps) {
  const { number } = version
  return (
    <li className={`flex items-start gap-3 px-5 py-3.5 ${isShown ? 'bg-brand-soft/50' : ''}`}>
      <span className="mt-0.5 grid h-7 min-w-9 place-items-center rounded-[9px] bg-surface-2 px-2 font-mono text-[13px] font-medium tabular-nums">
        {number}
      </span>
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-x-2.5 text-[14.5px] font-medium [overflow-wrap:anywhere]">
          <span className="sr-only">{t('prompts.version', { version: number })}</span>
          {version.restored_from === null
            ? version.note || <span className="font-normal text-ink-3">{t('prompts.no_note')}</span>
            : t('prompts.restored_from', { version: version.restored_from })}
          {isNewest ? (
            <span className="rounded-full bg-success/12 px-2.5 py-0.5 text-[12px] text-success">{t('prompts.newest')}</span>
          ) : null}
        </p>
        {version.restored_from !== null && version.note ? <p className="text-[13.5px] text-ink-2">{version.note}</p> : null}
        <p className="text-[13px] text-ink-3">{t('prompts.by', { author: version.author, date: formatDateTime(version.created_at) })}</p>
      </div>
      {onCompare ? (
        <IconButton label={t('prompts.compare_previous', { version: number })} aria-pressed={isShown} onClick={onCompare}>
          <GitCompareArrows size={17} aria-hidden="true" />
        </IconButton>
      ) : null}
      {onRestore ? (
        <IconButton label={t('prompts.restore_of', { version: number })} onClick={onRestore}>
          <RotateCcw size={17} aria-hidden="true" />
        </IconButton>
      ) : null}
    </li>
  )
}

function Restore({ template, version, onClose }: { template: PromptTemplate; version: number; onClose: () => void }) {
  const client = useQueryClient()
  const restore = useMutation({
    mutationFn: () =>
      api.post('/api/prompts/{id}/versions/{version}/restore', {
        path: { id: template.id, version: String(version) },
        body: { revision: template.revision },
      }),
    onSuccess: (saved) => {
      toast.success(t('prompts.restored', { version: saved.version, from: version }))
      return client.invalidateQueries({ queryKey: keys.prompts })
    },
    onError: toast.error,
    onSettled: onClose,
  })
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => restore.mutate()}
      title={t('prompts.restore_title', { version })}
      confirm={t('prompts.restore')}
      busy={restore.isPending}
      danger={false}
    >
      {t('prompts.restore_text', { next: template.version + 1 })}
    </ConfirmDialog>
  )
}
