import '@/lib/i18n/en/fill'
import '@/lib/i18n/en/prompts'
import '@/lib/i18n/en/work'
import { useInfiniteQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { NotebookPen, Plus } from 'lucide-react'
import { useCallback } from 'react'
import { promptQueries } from '@/api/prompt-queries'
import { useCan } from '@/api/session'
import type { PromptTemplate } from '@/api/types'
import { Button, btn } from '@/components/button'
import { ErrorState } from '@/components/error-state'
import { Segmented } from '@/components/field'
import { EmptyState, PageHeader } from '@/components/page'
import { SearchField } from '@/components/search-field'
import { CardsSkeleton } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

const route = getRouteApi('/app/prompts')

/** The organisation's prompt templates. */
export default function Prompts() {
  const { q = '', archived } = route.useSearch()
  const isArchived = archived === '1'
  const mayWrite = useCan('prompts.manage')
  const navigate = useNavigate()
  const list = useInfiniteQuery(promptQueries.prompts({ q, ...(isArchived ? { archived: true } : {}) }))
  const { data, error, refetch } = list
  const show = useCallback(
    (next: { q: string; archived: boolean }) =>
      void navigate({
        to: '/prompts',
        search: { ...(next.q ? { q: next.q } : {}), ...(next.archived ? { archived: '1' } : {}) },
        replace: true,
        resetScroll: false,
      }),
    [navigate],
  )
  const onSearch = useCallback((text: string) => show({ q: text, archived: isArchived }), [show, isArchived])
  const templates = data?.pages.flatMap((page) => page.items)
  const none = templates?.length === 0
  return (
    <>
      <PageHeader
        title={t('prompts.title')}
        actions={
          mayWrite ? (
            <Link to="/prompts/new" className={btn()}>
              <Plus size={17} strokeWidth={2.4} aria-hidden="true" />
              {t('prompts.new')}
            </Link>
          ) : null
        }
      >
        {t('prompts.lead')}
      </PageHeader>
      <div className="mb-5 flex flex-wrap items-center gap-3">
        <SearchField
          label={t('prompts.search')}
          hint={t('prompts.search_hint')}
          value={q}
          onSearch={onSearch}
          className="flex-1 basis-[240px] sm:max-w-[420px]"
        />
        <Segmented
          label={t('prompts.which')}
          value={isArchived ? 'archived' : 'in_use'}
          onChange={(which) => show({ q, archived: which === 'archived' })}
          items={[
            ['in_use', t('prompts.in_use')],
            ['archived', t('prompts.archived')],
          ]}
        />
      </div>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CardsSkeleton cards={6} />}
      {none ? (
        <Nothing searched={q !== ''} archived={isArchived} mayWrite={mayWrite} onClear={() => show({ q: '', archived: false })} />
      ) : null}
      <ul aria-label={t('prompts.list')} className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
        {templates?.map((template, index) => (
          <TemplateCard key={template.id} template={template} i={index} />
        ))}
      </ul>
      {list.hasNextPage ? (
        <div className="mt-6 text-center">
          <Button kind="outline" onClick={() => void list.fetchNextPage()} disabled={list.isFetchingNextPage}>
            {t('action.more')}
          </Button>
        </div>
      ) : null}
    </>
  )
}

function TemplateCard({ template, i }: { template: PromptTemplate; i: number }) {
  return (
    <li className="panel lift flex flex-col p-5" style={{ '--i': i }}>
      <div className="flex items-start gap-3">
        <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
          <NotebookPen size={20} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1">
          <h2 className="text-[16px] leading-snug font-semibold [overflow-wrap:anywhere]">
            <Link to="/prompts/$prompt" params={{ prompt: template.id }} className="after:absolute after:inset-0 after:rounded-[inherit]">
              {template.name}
            </Link>
          </h2>
          <p className="mt-1 line-clamp-2 text-[14px] text-ink-2">{template.description || t('prompts.no_description')}</p>
        </div>
      </div>
      <p className="mt-auto flex items-center gap-2.5 pt-4 text-[12.5px] text-ink-3">
        <span className="rounded-full bg-surface-2 px-2.5 py-0.5 font-medium text-ink-2">
          {t('prompts.version', { version: template.version })}
        </span>
        {t('prompts.changed', { time: formatRelative(template.changed_at) })}
      </p>
    </li>
  )
}

type NothingProps = { searched: boolean; archived: boolean; mayWrite: boolean; onClear: () => void }
function Nothing({ searched, archived, mayWrite, onClear }: NothingProps) {
  if (searched || archived) {
    return (
      <section className="panel">
        <EmptyState
          title={searched ? t('prompts.none_title') : t('prompts.none_archived')}
          action={
            <Button kind="outline" onClick={onClear}>
              {t('prompts.none_clear')}
            </Button>
          }
        >
          {searched ? t('prompts.none') : null}
        </EmptyState>
      </section>
    )
  }
  return (
    <section className="panel">
      <EmptyState
        title={t('prompts.empty_title')}
        action={
          mayWrite ? (
            <Link to="/prompts/new" className={btn()}>
              {t('prompts.new')}
            </Link>
          ) : null
        }
      >
        {mayWrite ? t('prompts.empty') : t('prompts.empty_reader')}
      </EmptyState>
    </section>
  )
}
