import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Download, Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import { type Column, DataTable } from '@/components/datatable'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { Field, Select, Textarea } from '@/components/field'
import { EmptyState, PageHeader, Panel, Stat } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatDateTime } from '@/lib/i18n/format'
import { api, download, type Effect, type Revocation } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { useCan } from '../session'

const EFFECTS: readonly Effect[] = ['restrict_new', 'warn', 'read_only']
const KINDS = ['install_key_fp', 'lease_id', 'key_id', 'bundle_sha256'] as const

/** The revocation list: what does not count any more. */
export default function Revocations() {
  const manage = useCan('licences.revoke')
  const [adding, setAdding] = useState(false)
  const [asked, setAsked] = useState<Revocation | null>(null)
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({ queryKey: ['crl'], queryFn: ({ signal }) => api.get('/api/crl', { signal }) })
  const refresh = () => client.invalidateQueries({ queryKey: ['crl'] })
  const withdraw = useMutation({
    mutationFn: (revocation: number) => api.delete('/api/crl/{revocation}', { path: { revocation: String(revocation) } }),
    onSuccess: () => {
      setAsked(null)
      return refresh()
    },
    onError: toast.error,
  })
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <PageSkeleton />
  const rows = data.entries.map((item) => ({ ...item, id: String(item.id), number: item.id }))
  type Row = (typeof rows)[number]
  const columns: Column<Row>[] = [
    {
      key: 'subject',
      head: t('vendor.subject'),
      wide: true,
      cell: (row) => (
        <>
          <span className="font-mono text-[13px] break-all">{row.subject}</span>
          <span className="block text-[13px] text-ink-3">{t(`vendor.subject.${row.kind}`)}</span>
        </>
      ),
    },
    { key: 'reason', head: t('portal.reason'), cell: (row) => row.reason, hide: true },
    { key: 'effect', head: t('portal.effect'), cell: (row) => t(`portal.effect.${row.effect}`) },
    { key: 'at', head: t('vendor.when'), cell: (row) => formatDate(row.at), hide: true },
    {
      key: 'do',
      head: t('vendor.actions'),
      end: true,
      cell: (row) =>
        manage ? (
          <Button kind="quiet" size="sm" onClick={() => setAsked({ ...row, id: row.number })}>
            {t('vendor.withdraw')}
          </Button>
        ) : null,
    },
  ]
  return (
    <>
      <PageHeader
        title={t('portal.nav.revocations')}
        actions={
          <>
            <Button kind="outline" onClick={() => void download('/v1/crl', {}, 'guildhall.crl.json').catch(toast.error)}>
              <Download size={17} aria-hidden="true" />
              {t('portal.download')}
            </Button>
            {manage ? (
              <Button onClick={() => setAdding(true)}>
                <Plus size={17} aria-hidden="true" />
                {t('vendor.revocation_add')}
              </Button>
            ) : null}
          </>
        }
      >
        {t('vendor.revocations_lead')}
      </PageHeader>
      {data.published ? (
        <Panel className="mb-4">
          <dl className="flex flex-wrap gap-x-12 gap-y-4">
            <Stat value={String(data.published.version)} label={t('vendor.crl_version')} />
            <Stat value={String(rows.length)} label={t('vendor.crl_entries')} />
          </dl>
          <p className="mt-3 text-[13px] text-ink-2">
            {t('vendor.crl_fresh', { issued: formatDateTime(data.published.issued_at), until: formatDate(data.published.next_update) })}
          </p>
        </Panel>
      ) : null}
      <Panel pad={false} className="overflow-hidden pt-4">
        {rows.length > 0 ? (
          <DataTable label={t('portal.nav.revocations')} columns={columns} rows={rows} />
        ) : (
          <EmptyState title={t('vendor.revocations_none')}>{t('vendor.revocations_none_text')}</EmptyState>
        )}
      </Panel>
      {adding ? <Add onClose={() => setAdding(false)} onDone={refresh} /> : null}
      <ConfirmDialog
        open={asked !== null}
        onClose={() => setAsked(null)}
        onConfirm={() => asked && withdraw.mutate(asked.id)}
        title={t('vendor.withdraw_title')}
        confirm={t('vendor.withdraw')}
        busy={withdraw.isPending}
      >
        {t('vendor.withdraw_text')}
      </ConfirmDialog>
    </>
  )
}

function Add({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [kind, setKind] = useState<(typeof KINDS)[number]>('install_key_fp')
  const [effect, setEffect] = useState<Effect>('restrict_new')
  const [input, setInput] = useState({ subject: '', reason: '', message: '' })
  return (
    <FormDialog
      danger
      title={t('vendor.revocation_add')}
      lead={t('vendor.revocation_lead')}
      submit={t('portal.revoke')}
      fields={['subject', 'reason']}
      onClose={onClose}
      send={() => api.post('/api/crl', { body: { kind, effect, ...input } })}
      onDone={() => {
        onClose()
        onDone()
      }}
    >
      {(fieldError) => (
        <>
          <Select
            label={t('vendor.subject_kind')}
            value={kind}
            onChange={setKind}
            items={KINDS.map((item) => [item, t(`vendor.subject.${item}`)] as const)}
          />
          <Field
            label={t('vendor.subject')}
            required
            value={input.subject}
            error={fieldError('subject')}
            onChange={(event) => setInput((now) => ({ ...now, subject: event.target.value }))}
          />
          <Field
            label={t('portal.reason')}
            required
            value={input.reason}
            error={fieldError('reason')}
            onChange={(event) => setInput((now) => ({ ...now, reason: event.target.value }))}
          />
          <Select
            label={t('portal.effect')}
            value={effect}
            onChange={setEffect}
            items={EFFECTS.map((item) => [item, t(`portal.effect.${item}`)] as const)}
          />
          <Textarea
            label={t('portal.message')}
            rows={3}
            value={input.message}
            onChange={(event) => setInput((now) => ({ ...now, message: event.target.value }))}
          />
        </>
      )}
    </FormDialog>
  )
}
