import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Download, FileUp } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { PageHeader } from '@/components/page'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { api, type SigningRequest, save } from '../api/client'
import { FileDialog } from '../parts/file-dialog'
import { Listing } from '../parts/listing'
import { Link } from '../router'

/** What waits for a signature: fetched, signed with the key elsewhere, handed in. */
export default function Signing() {
  const [answering, setAnswering] = useState<SigningRequest | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: ['signing'] })
  const sign = useMutation({
    mutationFn: (request: string) => api.post('/api/signing-requests/{request}/sign', { path: { request } }),
    onSuccess: () => {
      toast.success(t('vendor.signed'))
      return refresh()
    },
    onError: toast.error,
  })
  const columns: Column<SigningRequest>[] = [
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
    { key: 'serial', head: t('portal.serial'), cell: (row) => row.serial, end: true },
    { key: 'since', head: t('vendor.asked_at'), cell: (row) => formatDateTime(row.created_at), hide: true },
    {
      key: 'do',
      head: t('vendor.actions'),
      end: true,
      cell: (row) => (
        <span className="inline-flex gap-1.5">
          <Button kind="quiet" size="sm" onClick={() => save(row.payload, `${row.id}.payload.json`)}>
            <Download size={15} aria-hidden="true" />
            {t('vendor.payload')}
          </Button>
          <Button kind="quiet" size="sm" disabled={sign.isPending} onClick={() => sign.mutate(row.id)}>
            {t('vendor.sign_now')}
          </Button>
          <Button kind="outline" size="sm" onClick={() => setAnswering(row)}>
            <FileUp size={15} aria-hidden="true" />
            {t('vendor.hand_in')}
          </Button>
        </span>
      ),
    },
  ]
  return (
    <>
      <PageHeader title={t('portal.nav.signing')}>{t('vendor.signing_lead')}</PageHeader>
      <Listing
        label={t('portal.nav.signing')}
        queryKey={['signing']}
        read={(cursor, signal) => api.get('/api/signing-requests', { signal, query: { cursor } })}
        columns={columns}
        empty={{ title: t('vendor.signing_none'), text: t('vendor.signing_none_text') }}
      />
      {answering ? (
        <FileDialog
          title={t('vendor.hand_in_title')}
          lead={t('vendor.hand_in_lead')}
          submit={t('vendor.hand_in')}
          onClose={() => {
            setAnswering(null)
            void refresh()
          }}
          send={(envelope) => api.post('/api/signing-requests/{request}/answer', { path: { request: answering.id }, body: { envelope } })}
          done={<p>{t('vendor.hand_in_done')}</p>}
        />
      ) : null}
    </>
  )
}
