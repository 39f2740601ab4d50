import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import type { UsageRow, Ve } from '@/api/types'
import { type UsageFilter, usageQueries } from '@/api/usage-queries'
import { type Column, DataTable } from '@/components/datatable'
import { ErrorState } from '@/components/error-state'
import { MoreRows } from '@/components/more-rows'
import { Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { type State, StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDateTime, formatDuration, formatNumber } from '@/lib/i18n/format'

const PILLS: Record<UsageRow['outcome'], State> = { complete: 'done', cancelled: 'paused', failed: 'failed' }

/** The calls behind the sums, newest first. */
export function Calls({ filter }: { filter: UsageFilter }) {
  const list = useInfiniteQuery(usageQueries.calls(filter))
  const { data: team } = useQuery(usageQueries.team())
  const rows = list.data?.pages.flatMap((page) => page.items) ?? []
  if (list.data && rows.length === 0) return null
  return (
    <Panel title={t('usage.calls')} pad={false} className="mt-6">
      {list.error && !list.data ? <ErrorState error={list.error} onRetry={() => void list.refetch()} /> : null}
      {list.data || list.error ? null : <RowsSkeleton rows={4} className="p-5" />}
      {rows.length > 0 ? <DataTable label={t('usage.calls')} columns={columnsOf(team?.items ?? [])} rows={rows} /> : null}
      <MoreRows hasNextPage={list.hasNextPage} isFetchingNextPage={list.isFetchingNextPage} fetchNextPage={list.fetchNextPage} />
    </Panel>
  )
}

const columnsOf = (team: Ve[]): Column<UsageRow>[] => [
  { key: 'at', head: t('usage.call.at'), cell: (row) => formatDateTime(row.created_at) },
  {
    key: 'who',
    head: t('usage.call.who'),
    wide: true,
    cell: (row) => (
      <>
        <span className="font-medium">{row.person}</span>
        <span className="block text-[13px] text-ink-2">
          {row.ve_id === null ? t('usage.direct') : (team.find((ve) => ve.id === row.ve_id)?.persona_name ?? t('usage.gone'))}
        </span>
      </>
    ),
  },
  { key: 'model', head: t('usage.call.model'), cell: (row) => <span className="font-mono text-[13px]">{row.model}</span> },
  {
    key: 'tokens',
    head: t('usage.call.tokens'),
    end: true,
    cell: (row) => t('usage.call.token_pair', { read: formatNumber(row.input_tokens), written: formatNumber(row.output_tokens) }),
  },
  { key: 'took', head: t('usage.call.took'), end: true, cell: (row) => formatDuration(row.latency_ms) },
  {
    key: 'outcome',
    head: t('usage.call.outcome'),
    cell: (row) => (
      <span title={row.error_code ?? undefined}>
        <StatusPill state={PILLS[row.outcome]}>{t(`usage.outcome.${row.outcome}`)}</StatusPill>
      </span>
    ),
  },
]
