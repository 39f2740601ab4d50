import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FileBadge, Plus, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { type BoundCertificate, type ServiceAccount, tokenKeys, tokenQueries } from '@/api/token-queries'
import { Button, IconButton } from '@/components/button'
import { ConfirmDialog, Dialog, DialogActions } from '@/components/dialog'
import { ErrorState, FormError } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { TextDrop } from '@/components/text-drop'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'

/** The same in every language. */
const PEM_EXAMPLE = '-----BEGIN CERTIFICATE-----'

const SOON_MS = 30 * 86_400_000

/** The client certificate that a service account proves itself with, in place of a key. */
export function ClientCertificate({ account }: { account: ServiceAccount }) {
  const { data, error, refetch } = useQuery(tokenQueries.serviceCertificate(account.id))
  const [asked, setAsked] = useState<'bind' | 'remove' | null>(null)
  const close = () => setAsked(null)
  return (
    <section aria-label={t('service.certificate')}>
      <div className="mb-2 flex items-center gap-3">
        <h3 className="text-[15px] font-semibold">{t('service.certificate')}</h3>
        <Button kind="outline" size="sm" className="ms-auto" disabled={account.disabled} onClick={() => setAsked('bind')}>
          <Plus size={15} aria-hidden="true" />
          {t(data?.fingerprint ? 'service.certificate_other' : 'service.certificate_bind')}
        </Button>
      </div>
      {error && !data ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <RowsSkeleton rows={1} />}
      {data && !data.fingerprint ? <p className="text-[14px] text-ink-2">{t('service.certificate_none')}</p> : null}
      {data?.fingerprint ? <Bound certificate={data} onRemove={() => setAsked('remove')} /> : null}
      {asked === 'bind' ? <Bind account={account} onClose={close} /> : null}
      {asked === 'remove' ? <Remove account={account} onClose={close} /> : null}
    </section>
  )
}

function Bound({ certificate, onRemove }: { certificate: BoundCertificate; onRemove: () => void }) {
  return (
    <div className="flex items-start gap-3 rounded-[16px] border border-line bg-surface-2/50 p-3.5">
      <FileBadge size={19} className="mt-0.5 shrink-0 text-brand" aria-hidden="true" />
      <div className="min-w-0 flex-1 [overflow-wrap:anywhere]">
        <b className="block text-[14.5px] font-medium">{certificate.subject ?? t('service.certificate_unnamed')}</b>
        {certificate.expires_at ? (
          <p className="mt-1.5">
            <Ending end={certificate.expires_at} />
          </p>
        ) : null}
        <p className="mt-1.5 font-mono text-[12px] leading-snug break-all text-ink-2">{certificate.fingerprint}</p>
      </div>
      <IconButton label={t('service.certificate_remove')} className="-me-1.5 -mt-1.5" onClick={onRemove}>
        <Trash2 size={16} aria-hidden="true" />
      </IconButton>
    </div>
  )
}

function Ending({ end }: { end: string }) {
  const left = Date.parse(end) - Date.now()
  const when = formatDate(end)
  if (left <= 0) return <StatusPill state="failed">{t('service.certificate_ended', { when })}</StatusPill>
  return <StatusPill state={left < SOON_MS ? 'waiting' : 'verified'}>{t('service.certificate_ends', { when })}</StatusPill>
}

type DialogProps = { account: ServiceAccount; onClose: () => void }

/** Writes another certificate, or none, and keeps what the node answers. */
function useBind(account: ServiceAccount) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { pem: string } | { fingerprint: null }) =>
      api.put('/api/admin/service-accounts/{id}/certificate', { path: { id: account.id }, body }),
    onSuccess: (bound) => client.setQueryData(tokenKeys.serviceCertificate(account.id), bound),
  })
}

function Bind({ account, onClose }: DialogProps) {
  const [pem, setPem] = useState('')
  const bind = useBind(account)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    bind.mutate(
      { pem },
      {
        onSuccess: () => {
          toast.success(t('service.certificate_bound', { name: account.name }))
          onClose()
        },
      },
    )
  }
  const wrong = isApiError(bind.error) ? bind.error.field('pem') : undefined
  return (
    <Dialog open onClose={onClose} title={t('service.certificate_bind')} lead={t('service.certificate_lead', { name: account.name })}>
      <form className="grid grid-cols-[minmax(0,1fr)] gap-5" onSubmit={submit}>
        <TextDrop
          label={t('service.certificate_pem')}
          hint={t('service.certificate_hint')}
          accept=".pem,.crt,.cer,application/x-pem-file,application/x-x509-ca-cert"
          placeholder={PEM_EXAMPLE}
          value={pem}
          onChange={setPem}
        />
        {wrong ? (
          <p role="alert" className="text-[13.5px] text-danger">
            {wrong}
          </p>
        ) : null}
        <FormError error={bind.error} fields={['pem']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={pem.trim() === '' || bind.isPending}>
            {t('service.certificate_bind')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function Remove({ account, onClose }: DialogProps) {
  const bind = useBind(account)
  return (
    <ConfirmDialog
      open
      onClose={onClose}
      onConfirm={() => bind.mutate({ fingerprint: null }, { onError: toast.error, onSettled: onClose })}
      title={t('service.certificate_remove_title', { name: account.name })}
      confirm={t('service.certificate_remove')}
      busy={bind.isPending}
    >
      {t('service.certificate_remove_text')}
    </ConfirmDialog>
  )
}
