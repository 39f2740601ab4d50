import { useQueryClient } from '@tanstack/react-query'
import { FileUp } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { Switch } from '@/components/field'
import { PageHeader } from '@/components/page'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { api, handInReport, type UsageReport } from '../api/client'
import { FileDialog } from '../parts/file-dialog'
import { Listing } from '../parts/listing'
import { Link } from '../router'
import { useCan, useSession } from '../session'

const columns = (): Column<UsageReport>[] => [
  {
    key: 'licence',
    head: t('portal.licence'),
    wide: true,
    cell: (row) => (
      <Link to={`/licences/${row.licence_id}`} className="font-mono text-[13px] text-brand hover:underline">
        {row.licence_id}
      </Link>
    ),
  },
  { key: 'seq', head: t('portal.report_number'), cell: (row) => row.seq, end: true },
  {
    key: 'chain',
    head: t('portal.report_chain'),
    cell: (row) =>
      row.forked ? (
        <StatusPill state="failed">{t('portal.report_forked')}</StatusPill>
      ) : (
        <StatusPill state="done">{t('portal.report_whole')}</StatusPill>
      ),
  },
  { key: 'at', head: t('portal.received'), cell: (row) => formatDateTime(row.received_at), hide: true },
]

/** What nodes reported of their use. A branch in a node's chain is marked, never refused. */
export default function Reports() {
  const customer = useSession().kind === 'portal'
  const mayHandIn = useCan('reports.manage') || customer
  const [forked, setForked] = useState(false)
  const [open, setOpen] = useState(false)
  const client = useQueryClient()
  return (
    <>
      <PageHeader
        title={t('portal.nav.reports')}
        actions={
          mayHandIn ? (
            <Button onClick={() => setOpen(true)}>
              <FileUp size={17} aria-hidden="true" />
              {t('portal.report_hand_in')}
            </Button>
          ) : null
        }
      >
        {customer ? t('portal.reports_lead_customer') : t('portal.reports_lead')}
      </PageHeader>
      {customer ? null : (
        <div className="mb-4 max-w-[360px] px-1">
          <Switch label={t('portal.reports_forked_only')} checked={forked} onChange={setForked} />
        </div>
      )}
      <Listing
        label={t('portal.nav.reports')}
        queryKey={['reports', forked]}
        read={(cursor, signal) =>
          customer
            ? api.get('/api/portal/reports', { signal, query: { cursor } })
            : api.get('/api/reports', { signal, query: { cursor, forked: forked || undefined } })
        }
        columns={columns()}
        empty={{ title: t('portal.reports_none'), text: t('portal.reports_none_text') }}
      />
      {open ? (
        <FileDialog
          title={t('portal.report_hand_in')}
          lead={t('portal.report_lead')}
          submit={t('portal.report_submit')}
          onClose={() => {
            setOpen(false)
            void client.invalidateQueries({ queryKey: ['reports'] })
          }}
          send={(text) => handInReport(customer, text)}
          done={<p>{t('portal.report_done')}</p>}
        />
      ) : null}
    </>
  )
}
