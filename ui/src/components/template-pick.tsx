import '@/lib/i18n/en/fill'
import '@/lib/i18n/en/work'
import { useInfiniteQuery } from '@tanstack/react-query'
import { NotebookPen } from 'lucide-react'
import { useState } from 'react'
import { promptQueries } from '@/api/prompt-queries'
import type { PromptTemplate } from '@/api/types'
import { t } from '@/lib/i18n'
import { Button } from './button'
import { ErrorState } from './error-state'
import { SearchField } from './search-field'
import { RowsSkeleton } from './skeleton'

/** The organisation's templates in use, to choose one of. */
export function TemplatePick({ onPick }: { onPick: (template: PromptTemplate) => void }) {
  const [q, setQ] = useState('')
  const { data, error, refetch, hasNextPage, fetchNextPage, isFetchingNextPage } = useInfiniteQuery(promptQueries.prompts({ q }))
  const templates = data?.pages.flatMap((page) => page.items)
  return (
    <div className="grid grid-cols-[minmax(0,1fr)] gap-4">
      <SearchField label={t('fill.pick_search')} value={q} onSearch={setQ} />
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={3} />}
      {templates?.length === 0 ? (
        <p className="py-6 text-center text-[14px] text-ink-2">
          <b className="block font-semibold text-ink">{t('fill.pick_none_title')}</b>
          {t('fill.pick_none')}
        </p>
      ) : null}
      <ul aria-label={t('fill.pick_list')} className="grid gap-2">
        {templates?.map((template) => (
          <li key={template.id}>
            <button
              type="button"
              onClick={() => onPick(template)}
              className="flex w-full items-start gap-3 rounded-[16px] border border-field bg-surface p-3.5 text-start transition-colors hover:border-brand"
            >
              <NotebookPen size={17} className="mt-0.5 shrink-0 text-brand" aria-hidden="true" />
              <span className="min-w-0 flex-1">
                <b className="block truncate text-[14.5px] font-semibold">{template.name}</b>
                {template.description ? <span className="line-clamp-2 text-[13.5px] text-ink-2">{template.description}</span> : null}
              </span>
              <span className="shrink-0 text-[12.5px] text-ink-3">{t('work.pick.version', { version: template.version })}</span>
            </button>
          </li>
        ))}
      </ul>
      {hasNextPage ? (
        <Button kind="outline" size="sm" className="justify-self-center" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          {t('action.more')}
        </Button>
      ) : null}
    </div>
  )
}
