import '@/lib/i18n/en/portal-vendor'
import type { Column } from '@/components/datatable'
import { PageHeader } from '@/components/page'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { type AuditEntry, api } from '../api/client'
import { Listing } from '../parts/listing'

const columns = (): Column<AuditEntry & { id: string }>[] => [
  { key: 'sequence', head: t('vendor.log_position'), cell: (row) => row.sequence, end: true },
  { key: 'at', head: t('vendor.when'), cell: (row) => formatDateTime(row.at) },
  { key: 'action', head: t('vendor.action'), cell: (row) => <span className="font-mono text-[13px]">{row.action}</span> },
  {
    key: 'subject',
    head: t('vendor.subject'),
    wide: true,
    hide: true,
    cell: (row) => <span className="font-mono text-[13px] break-all">{row.subject}</span>,
  },
  { key: 'actor', head: t('vendor.actor'), hide: true, cell: (row) => <span className="font-mono text-[13px]">{row.actor}</span> },
]

/** Who did what, newest first. */
export default function Audit() {
  return (
    <>
      <PageHeader title={t('portal.nav.audit')}>{t('vendor.audit_lead')}</PageHeader>
      <Listing
        label={t('portal.nav.audit')}
        queryKey={['audit']}
        read={async (cursor, signal) => {
          const page = await api.get('/api/audit', { signal, query: { cursor } })
          return { ...page, items: page.items.map((item) => ({ ...item, id: String(item.sequence) })) }
        }}
        columns={columns()}
        empty={{ title: t('vendor.audit_none'), text: t('vendor.audit_lead') }}
      />
    </>
  )
}
