import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, FileSearch } from 'lucide-react'
import { useState } from 'react'
import { api } from '@/api/client'
import { licenseQueries } from '@/api/license-queries'
import { keys } from '@/api/queries'
import type { LicenseUsageDay, LicenseUsageReport } from '@/api/types'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { Dialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { EmptyState, Panel } from '@/components/page'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { download } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { formatDate, formatNumber } from '@/lib/i18n/format'
import { Json } from './request-lease'

type Day = LicenseUsageDay & { id: string }
type Report = LicenseUsageReport & { id: string }

const dayColumns = (): Column<Day>[] => [
  { key: 'date', head: t('license.day.date'), wide: true, cell: (row) => formatDate(row.date) },
  { key: 'seats', head: t('license.day.seats'), end: true, cell: (row) => formatNumber(row.seats) },
  { key: 'active', head: t('license.day.active'), end: true, hide: true, cell: (row) => formatNumber(row.active_30d) },
  { key: 'ves', head: t('license.day.ves'), end: true, cell: (row) => formatNumber(row.ves_peak) },
  { key: 'answers', head: t('license.day.answers'), end: true, cell: (row) => formatNumber(row.answers) },
]

const reportColumns = (): Column<Report>[] => [
  { key: 'seq', head: t('license.report.seq'), cell: (row) => formatNumber(row.seq) },
  {
    key: 'days',
    head: t('license.report.days'),
    wide: true,
    cell: (row) =>
      row.first_day === row.last_day ? formatDate(row.first_day) : `${formatDate(row.first_day)} – ${formatDate(row.last_day)}`,
  },
  {
    key: 'sha',
    head: t('license.report.sha'),
    hide: true,
    cell: (row) => <span className="font-mono text-[12.5px]">{row.sha256.slice(0, 16)}</span>,
  },
  {
    key: 'state',
    head: t('license.report.state'),
    cell: (row) =>
      row.sent_at ? (
        <StatusPill state="done">{t('license.report.sent')}</StatusPill>
      ) : row.exported_at ? (
        <StatusPill state="done">{t('license.report.exported')}</StatusPill>
      ) : (
        <StatusPill state="queued">{t('license.report.waiting')}</StatusPill>
      ),
  },
]

/** What was counted, what the next report would say, and the file for the vendor. */
export function UsageReports() {
  const client = useQueryClient()
  const { data, error, refetch } = useQuery(licenseQueries.usage())
  const [reading, setReading] = useState(false)
  const send = useMutation({
    mutationFn: () => api.post('/api/license/usage/export', { body: { from: null } }),
    onSuccess: (file) => {
      download(file.file_name, file.text)
      toast.success(t('license.usage_exported', { count: file.reports }))
      return client.invalidateQueries({ queryKey: keys.license })
    },
    onError: toast.error,
  })
  if (error && !data) return <ErrorState error={error} onRetry={() => void refetch()} />
  return (
    <div className="mt-5 grid grid-cols-[minmax(0,1fr)] gap-4">
      <div className="flex flex-wrap items-center gap-x-6 gap-y-3 px-1">
        <p className="min-w-0 flex-1 basis-[320px] text-[14px] text-pretty text-ink-2">{t('license.usage_lead')}</p>
        <div className="flex flex-wrap gap-2">
          <Button kind="outline" size="sm" disabled={!data} onClick={() => setReading(true)}>
            <FileSearch size={15} aria-hidden="true" />
            {t('license.usage_preview')}
          </Button>
          <Button size="sm" disabled={!data || send.isPending} onClick={() => send.mutate()}>
            <Download size={15} aria-hidden="true" />
            {t('license.usage_export')}
          </Button>
        </div>
      </div>
      <Panel title={t('license.usage_reports')} pad={false}>
        {data ? null : <RowsSkeleton rows={2} className="p-5" />}
        {data?.reports.length === 0 ? <EmptyState title={t('license.usage_none')}>{t('license.usage_none_note')}</EmptyState> : null}
        {data && data.reports.length > 0 ? (
          <DataTable
            label={t('license.usage_reports')}
            columns={reportColumns()}
            rows={data.reports.map((report): Report => ({ ...report, id: report.sha256 }))}
          />
        ) : null}
      </Panel>
      <Panel title={t('license.usage_days')} pad={false}>
        {data ? null : <RowsSkeleton rows={3} className="p-5" />}
        {data?.days.length === 0 ? <EmptyState title={t('license.usage_no_days')} /> : null}
        {data && data.days.length > 0 ? (
          <DataTable
            label={t('license.usage_days')}
            columns={dayColumns()}
            rows={data.days.map((day): Day => ({ ...day, id: day.date }))}
          />
        ) : null}
      </Panel>
      <Dialog open={reading} onClose={() => setReading(false)} title={t('license.read_usage_title')} size="lg">
        <Json value={data?.preview} />
      </Dialog>
    </div>
  )
}
