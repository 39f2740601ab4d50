import '@/lib/i18n/en/portal-vendor'
import { useQuery } from '@tanstack/react-query'
import { BookLock } from 'lucide-react'
import { CopyButton } from '@/components/copy'
import type { Column } from '@/components/datatable'
import { PageHeader, Panel, Stat } from '@/components/page'
import { optional, t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { api, type LogEntry } from '../api/client'
import { Listing } from '../parts/listing'

const columns = (): Column<LogEntry & { id: string }>[] => [
  { key: 'position', head: t('vendor.log_position'), cell: (row) => row.position, end: true },
  { key: 'kind', head: t('portal.kind'), cell: (row) => optional(`vendor.log_kind.${row.kind}`) ?? row.kind },
  {
    key: 'subject',
    head: t('vendor.subject'),
    wide: true,
    cell: (row) => <span className="font-mono text-[13px] break-all">{row.subject}</span>,
  },
  { key: 'at', head: t('vendor.when'), cell: (row) => formatDateTime(row.at), hide: true },
  {
    key: 'hash',
    head: t('vendor.log_hash'),
    hide: true,
    cell: (row) => <span className="font-mono text-[12.5px] text-ink-3">{row.leaf_hash.slice(0, 16)}</span>,
  },
]

/** Everything that was ever signed, in an append-only log under a signed checkpoint. */
export default function Log() {
  const { data } = useQuery({ queryKey: ['checkpoint'], queryFn: ({ signal }) => api.get('/api/log/checkpoint', { signal }) })
  return (
    <>
      <PageHeader title={t('portal.nav.log')}>{t('vendor.log_lead')}</PageHeader>
      {data ? (
        <Panel className="mb-4" icon={BookLock} title={t('vendor.checkpoint')} end={<CopyButton text={data.note} />}>
          <dl className="mb-4">
            <Stat value={String(data.size)} label={t('vendor.checkpoint_size')} note={formatDateTime(data.at)} />
          </dl>
          <pre className="overflow-x-auto rounded-[14px] bg-surface-2 p-4 font-mono text-[12.5px] leading-relaxed whitespace-pre-wrap break-all">
            {data.note}
          </pre>
        </Panel>
      ) : null}
      <Listing
        label={t('portal.nav.log')}
        queryKey={['log']}
        read={async (cursor, signal) => {
          const page = await api.get('/api/log', { signal, query: { cursor } })
          return { ...page, items: page.items.map((item) => ({ ...item, id: String(item.position) })) }
        }}
        columns={columns()}
        empty={{ title: t('vendor.log_none'), text: t('vendor.log_none_text') }}
      />
    </>
  )
}
