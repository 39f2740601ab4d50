import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { getRouteApi, Link, useNavigate } from '@tanstack/react-router'
import { Download, ThumbsDown, ThumbsUp } from 'lucide-react'
import { useState } from 'react'
import { playgroundQueries } from '@/api/playground-queries'
import type { RatingResult } from '@/api/types'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ErrorState } from '@/components/error-state'
import { Select } from '@/components/field'
import { EmptyState, Panel } from '@/components/page'
import { SideSheet } from '@/components/side-sheet'
import { RowsSkeleton } from '@/components/skeleton'
import { download } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { formatDate, formatDuration, formatNumber, formatPercent } from '@/lib/i18n/format'
import { csvOf } from './csv'

const route = getRouteApi('/app/playground')
const PERIODS = ['7', '30', '90', '365'] as const
const DEFAULT_PERIOD = '90'

type Row = RatingResult & { id: string }
const nameOf = (row: RatingResult) => `${row.agent?.name ?? t('results.playground')}, ${row.model}`

/** What people thought of answers, by agent and model. */
export default function Results() {
  const search = route.useSearch()
  const period = PERIODS.find((days) => days === search.days) ?? DEFAULT_PERIOD
  const navigate = useNavigate()
  const { data, error, refetch } = useQuery(playgroundQueries.ratingResults(Number(period)))
  const [opened, setOpened] = useState<Row | null>(null)
  const rows = data?.items.map((item): Row => ({ ...item, id: `${item.agent?.id ?? ''}/${item.model}` }))
  const show = (days: string) =>
    void navigate({
      to: '/playground',
      search: { tab: 'results', ...(days === DEFAULT_PERIOD ? {} : { days }) },
      replace: true,
      resetScroll: false,
    })
  const save = () =>
    download(
      t('results.csv_name'),
      csvOf(
        HEAD.map((key) => t(key)),
        rows ?? [],
        t('results.playground'),
      ),
    )
  return (
    <Panel
      title={t('results.title')}
      pad={false}
      end={
        <>
          <Select
            bare
            label={t('results.period')}
            value={period}
            onChange={show}
            items={PERIODS.map((days) => [days, t('results.days', { days: Number(days) })] as const)}
          />
          <Button kind="outline" size="sm" className="h-10" disabled={!rows || rows.length === 0} onClick={save}>
            <Download size={15} aria-hidden="true" />
            {t('results.csv')}
          </Button>
        </>
      }
    >
      <p className="px-5 pb-4 text-[14px] text-ink-2">{t('results.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={4} className="p-5" />}
      {rows?.length === 0 ? <EmptyState title={t('results.empty_title')}>{t('results.empty')}</EmptyState> : null}
      {rows && rows.length > 0 ? <DataTable label={t('results.title')} columns={columnsOf(setOpened)} rows={rows} /> : null}
      {data && !data.complete ? <p className="px-5 py-3 text-[13px] text-ink-3">{t('results.partial')}</p> : null}
      <Reasons row={opened} onClose={() => setOpened(null)} />
    </Panel>
  )
}

const HEAD = [
  'results.agent',
  'results.model',
  'results.ratings',
  'results.up',
  'results.share',
  'results.share_low',
  'results.share_high',
  'results.compared',
  'results.best',
  'results.column.first_ms',
  'results.column.speed',
] as const

const columnsOf = (open: (row: Row) => void): Column<Row>[] => [
  {
    key: 'agent',
    head: t('results.agent'),
    cell: (row) =>
      row.agent?.slug ? (
        <Link to="/agents/$agent" params={{ agent: row.agent.slug }} className="font-medium hover:text-brand hover:underline">
          {row.agent.name}
        </Link>
      ) : (
        <span className="font-medium">{row.agent?.name ?? t('results.playground')}</span>
      ),
  },
  { key: 'model', head: t('results.model'), cell: (row) => <span className="font-mono text-[13px]">{row.model}</span> },
  { key: 'ratings', head: t('results.ratings'), end: true, cell: (row) => formatNumber(row.ratings) },
  { key: 'up', head: t('results.up'), wide: true, cell: (row) => <ShareBar row={row} /> },
  {
    key: 'best',
    head: t('results.best'),
    end: true,
    cell: (row) => (row.compared > 0 ? t('results.best_value', { best: row.best, compared: row.compared }) : '–'),
  },
  {
    key: 'first',
    head: t('results.first'),
    end: true,
    cell: (row) => (row.first_token_ms === null ? '–' : formatDuration(row.first_token_ms)),
  },
  {
    key: 'speed',
    head: t('results.speed'),
    end: true,
    cell: (row) => (row.tokens_per_second === null ? '–' : formatNumber(row.tokens_per_second)),
  },
  {
    key: 'reasons',
    head: t('results.reasons'),
    end: true,
    cell: (row) =>
      row.reasons > 0 ? (
        <Button
          kind="quiet"
          size="sm"
          aria-label={t('results.reasons_open', { count: row.reasons, name: nameOf(row) })}
          onClick={() => open(row)}
        >
          {formatNumber(row.reasons)}
        </Button>
      ) : (
        '–'
      ),
  },
]

/** The share of thumbs up as a bar, with a line from the lower to the upper bound; its sentence says the same. */
function ShareBar({ row }: { row: RatingResult }) {
  if (row.up_share === null) return <span className="text-ink-3">{t('results.no_share')}</span>
  const { up_share, up_share_low, up_share_high } = row
  const words = t('results.bar', { share: formatPercent(up_share), low: formatPercent(up_share_low), high: formatPercent(up_share_high) })
  return (
    <span className="flex min-w-[210px] items-center gap-3">
      <span
        role="img"
        aria-label={words}
        title={words}
        className="relative block h-3.5 min-w-[120px] flex-1 rounded-full border border-line bg-surface-2"
      >
        <span className="absolute inset-y-0 start-0 rounded-full bg-brand-fill/70" style={{ width: `${up_share * 100}%` }} />
        <span
          className="absolute top-1/2 h-[3px] -translate-y-1/2 rounded-full bg-ink"
          style={{ insetInlineStart: `${up_share_low * 100}%`, width: `${(up_share_high - up_share_low) * 100}%` }}
        />
      </span>
      <span className="w-11 text-end font-mono text-[13px] font-medium tabular-nums" aria-hidden="true">
        {formatPercent(up_share)}
      </span>
    </span>
  )
}

/** Why people gave their thumbs, newest first, without their names. */
function Reasons({ row, onClose }: { row: Row | null; onClose: () => void }) {
  const list = useInfiniteQuery({ ...playgroundQueries.ratingReasons(row?.agent?.id ?? null, row?.model ?? ''), enabled: row !== null })
  const reasons = list.data?.pages.flatMap((page) => page.items)
  return (
    <SideSheet open={row !== null} onClose={onClose} title={row ? t('results.reasons_title', { name: nameOf(row) }) : ''}>
      {list.error && !list.data ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.data || list.error ? null : <RowsSkeleton rows={3} />}
      <ul className="grid gap-3">
        {reasons?.map((item, index) => (
          <li key={index} className="flex items-start gap-3 rounded-[16px] border border-line p-3.5 text-[14.5px]">
            {item.verdict === 'up' ? (
              <ThumbsUp size={16} className="mt-0.5 shrink-0 text-success" role="img" aria-label={t('work.rate.up')} />
            ) : (
              <ThumbsDown size={16} className="mt-0.5 shrink-0 text-danger" role="img" aria-label={t('work.rate.down')} />
            )}
            <span className="min-w-0 flex-1 [overflow-wrap:anywhere]">
              {item.reason}
              <span className="mt-0.5 block text-[12.5px] text-ink-3">{formatDate(item.rated_at)}</span>
            </span>
          </li>
        ))}
      </ul>
      {list.hasNextPage ? (
        <Button
          kind="outline"
          size="sm"
          className="mt-4 self-center"
          disabled={list.isFetchingNextPage}
          onClick={() => void list.fetchNextPage()}
        >
          {t('action.more')}
        </Button>
      ) : null}
    </SideSheet>
  )
}
