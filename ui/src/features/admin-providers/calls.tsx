import { useQuery } from '@tanstack/react-query'
import { providerQueries } from '@/api/provider-queries'
import type { EgressCall } from '@/api/types'
import { type Column, DataTable } from '@/components/datatable'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { type State, StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatBytes, formatDateTime, formatDuration } from '@/lib/i18n/format'

type Row = EgressCall & { id: string }
const PILLS: Record<EgressCall['outcome'], State> = { complete: 'done', abandoned: 'paused', denied: 'verified', failed: 'failed' }

const columns = (): Column<Row>[] => [
  { key: 'at', head: t('calls.at'), cell: (row) => formatDateTime(row.at) },
  { key: 'host', head: t('calls.host'), wide: true, cell: (row) => <span className="font-mono text-[13px]">{row.host}</span> },
  {
    key: 'outcome',
    head: t('calls.outcome'),
    cell: (row) => <StatusPill state={PILLS[row.outcome]}>{t(`calls.outcome.${row.outcome}`)}</StatusPill>,
  },
  { key: 'status', head: t('calls.status'), end: true, hide: true, cell: (row) => row.status ?? '–' },
  { key: 'out', head: t('calls.out'), end: true, cell: (row) => formatBytes(row.bytes_out) },
  { key: 'in', head: t('calls.in'), end: true, cell: (row) => formatBytes(row.bytes_in) },
  { key: 'took', head: t('calls.took'), end: true, hide: true, cell: (row) => formatDuration(row.duration_ms) },
]

/** The newest calls that left, or wanted to. */
export function Calls() {
  const { data, error, refetch } = useQuery(providerQueries.egress())
  const rows = data?.recent.map((call, index): Row => ({ ...call, id: `${call.at}-${index}` }))
  return (
    <Panel title={t('calls.title')} pad={false}>
      <p className="px-5 pb-4 text-[14px] text-ink-2">{t('calls.lead')}</p>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={4} className="p-5" />}
      {rows?.length === 0 ? <EmptyState title={t('calls.empty_title')}>{t('calls.empty')}</EmptyState> : null}
      {rows && rows.length > 0 ? <DataTable label={t('calls.title')} columns={columns()} rows={rows} /> : null}
    </Panel>
  )
}
