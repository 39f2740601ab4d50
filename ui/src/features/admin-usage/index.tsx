import '@/lib/i18n/en/usage'
import { useQuery } from '@tanstack/react-query'
import { Download } from 'lucide-react'
import type { UsageReport, UsageTotals } from '@/api/types'
import { usageQueries } from '@/api/usage-queries'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ErrorState } from '@/components/error-state'
import { Segmented, Select } from '@/components/field'
import { EmptyState, PageHeader, Panel, Stat } from '@/components/page'
import { Bone } from '@/components/skeleton'
import { download } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { formatCompact, formatCredits, formatDuration, formatNumber, formatPercent } from '@/lib/i18n/format'
import { Calls } from './calls'
import { UsageChart } from './chart'
import { Filters } from './filters'
import { csvOf, type Row, rowsOf } from './rows'
import { MEASURES, type UsageSearch, useUsageSearch } from './search'

const HEAD = ['calls', 'failed', 'read', 'cached', 'written', 'cost', 'first', 'speed'] as const

/** What the organisation's calls of models took: sums, a chart with its table, and the calls themselves. */
export default function Usage() {
  const search = useUsageSearch()
  const { data, error, refetch, isPlaceholderData } = useQuery(usageQueries.groups(search.filter, search.by))
  const { data: team } = useQuery(usageQueries.team())
  const rows =
    data && !isPlaceholderData ? rowsOf(data.groups, search.by, search.measure, team?.items ?? [], search.filter.from ?? '') : undefined
  const save = () => {
    const head = [t(`usage.by.${search.by}`), ...HEAD.map((column) => t(`usage.head.${column}`))]
    download(t('usage.csv_name', { by: search.by }), csvOf(rows ?? [], head, search.by))
  }
  return (
    <>
      <PageHeader
        title={t('usage.title')}
        actions={
          <Button kind="outline" disabled={!rows || rows.length === 0} onClick={save}>
            <Download size={16} aria-hidden="true" />
            {t('usage.csv')}
          </Button>
        }
      >
        {t(search.across ? 'usage.lead_node' : 'usage.lead')}
      </PageHeader>
      <Filters search={search} />
      {error && !data ? (
        <ErrorState error={error} onRetry={() => void refetch()} />
      ) : (
        <>
          <Totals totals={data?.totals} />
          <Groups search={search} report={data} rows={rows} />
          {search.across ? null : <Calls filter={search.filter} />}
        </>
      )}
    </>
  )
}

function Totals({ totals }: { totals: UsageTotals | undefined }) {
  if (!totals) return <Bone className="mb-6 h-[104px] w-full rounded-[22px]" />
  const { input_tokens, cached_tokens, first_token_ms_mean, queue_ms_mean, tokens_per_second } = totals
  return (
    <dl aria-label={t('usage.totals')} className="panel mb-6 grid grid-cols-2 gap-x-6 gap-y-5 p-5 sm:grid-cols-3 xl:grid-cols-6">
      <Stat
        value={formatNumber(totals.calls)}
        label={t('usage.total.calls')}
        note={totals.failed > 0 ? t('usage.total.failed', { count: totals.failed }) : undefined}
      />
      <Stat
        value={formatCompact(input_tokens)}
        label={t('usage.total.read')}
        note={cached_tokens > 0 ? t('usage.total.cached', { share: formatPercent(cached_tokens / input_tokens) }) : undefined}
      />
      <Stat value={formatCompact(totals.output_tokens)} label={t('usage.total.written')} />
      <Stat value={formatCredits(totals.cost_micro_credits)} label={t('usage.total.cost')} />
      <Stat
        value={first_token_ms_mean === null ? '–' : formatDuration(first_token_ms_mean)}
        label={t('usage.total.first')}
        note={queue_ms_mean === null ? undefined : t('usage.total.queue', { time: formatDuration(queue_ms_mean) })}
      />
      <Stat value={tokens_per_second === null ? '–' : formatNumber(tokens_per_second)} label={t('usage.total.speed')} />
    </dl>
  )
}

type GroupsProps = { search: UsageSearch; report: UsageReport | undefined; rows: Row[] | undefined }
function Groups({ search, report, rows }: GroupsProps) {
  const { by, measure, table } = search
  const title = t('usage.chart', { measure: t(`usage.measure.${measure}`), by })
  const empty = report?.totals.calls === 0
  const filtered = Object.values(search.chosen).some((value) => value !== undefined)
  return (
    <Panel title={title} pad={false} i={1}>
      <div className="flex flex-wrap items-center gap-2.5 px-5 pb-5">
        <Segmented
          label={t('usage.by')}
          value={by}
          onChange={search.setBy}
          items={search.groupings.map((grouping) => [grouping, t(`usage.by.${grouping}`)] as const)}
        />
        <Select
          bare
          label={t('usage.measure')}
          value={measure}
          onChange={search.setMeasure}
          items={MEASURES.map((item) => [item, t(`usage.measure.${item}`)] as const)}
        />
        <Segmented
          label={t('usage.view')}
          className="sm:ms-auto"
          value={table ? 'table' : 'chart'}
          onChange={(view) => search.setTable(view === 'table')}
          items={[
            ['chart', t('usage.view.chart')],
            ['table', t('usage.view.table')],
          ]}
        />
      </div>
      {rows ? null : (
        <div className="px-5 pb-5">
          <Bone className="h-52 w-full" />
        </div>
      )}
      {rows && empty ? (
        <EmptyState title={t('usage.empty_title')}>{t(filtered ? 'usage.empty_filtered' : 'usage.empty')}</EmptyState>
      ) : null}
      {rows && !empty && table ? <DataTable label={title} columns={columnsOf()} rows={by === 'day' ? [...rows].reverse() : rows} /> : null}
      {rows && !empty && !table ? <UsageChart rows={rows} by={by} measure={measure} /> : null}
      {report && report.groups.length >= 1000 ? <p className="px-5 py-3 text-[13px] text-ink-3">{t('usage.more')}</p> : null}
    </Panel>
  )
}

const columnsOf = (): Column<Row>[] => [
  { key: 'name', head: t('usage.name'), wide: true, cell: (row) => <span className="font-medium">{row.name}</span> },
  { key: 'calls', head: t('usage.head.calls'), end: true, cell: (row) => formatNumber(row.calls) },
  { key: 'failed', head: t('usage.head.failed'), end: true, hide: true, cell: (row) => formatNumber(row.failed) },
  { key: 'read', head: t('usage.head.read'), end: true, cell: (row) => formatNumber(row.input_tokens) },
  { key: 'cached', head: t('usage.head.cached'), end: true, hide: true, cell: (row) => formatNumber(row.cached_tokens) },
  { key: 'written', head: t('usage.head.written'), end: true, cell: (row) => formatNumber(row.output_tokens) },
  { key: 'cost', head: t('usage.head.cost'), end: true, cell: (row) => formatCredits(row.cost_micro_credits) },
  {
    key: 'first',
    head: t('usage.head.first'),
    end: true,
    hide: true,
    cell: (row) => (row.first_token_ms_mean === null ? '–' : formatDuration(row.first_token_ms_mean)),
  },
  {
    key: 'speed',
    head: t('usage.head.speed'),
    end: true,
    hide: true,
    cell: (row) => (row.tokens_per_second === null ? '–' : formatNumber(row.tokens_per_second)),
  },
]
