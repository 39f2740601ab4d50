import { useQuery, useQueryClient } from '@tanstack/react-query'
import { Ban, Download, FileUp, RefreshCw } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import { CopyButton } from '@/components/copy'
import { ErrorState } from '@/components/error-state'
import { Field, Select, Textarea } from '@/components/field'
import { PageHeader, Panel } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { toast } from '@/components/toast'
import { optional, t } from '@/lib/i18n'
import { formatDate, formatDateTime } from '@/lib/i18n/format'
import { api, download, type Effect, type Licence, type LicenceDetail } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { LicencePill } from '../parts/licence-pill'
import { usePath } from '../router'
import { useCan, useSession } from '../session'
import { Installs } from './installs'
import { Activate } from './licences'

/** One licence: how it stands, its files, where it runs, what happened. */
export default function LicencePage() {
  const id = usePath().split('/')[2] ?? ''
  const customer = useSession().kind === 'portal'
  const [open, setOpen] = useState<'renew' | 'revoke' | 'activate' | null>(null)
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['licence', id],
    queryFn: ({ signal }) =>
      customer
        ? api.get('/api/portal/licences/{licence}', { signal, path: { licence: id } })
        : api.get('/api/licences/{licence}', { signal, path: { licence: id } }),
  })
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <PageSkeleton />
  const close = () => {
    setOpen(null)
    void client.invalidateQueries({ queryKey: ['licence', id] })
    void client.invalidateQueries({ queryKey: ['installs', id] })
  }
  const { licence } = data
  return (
    <>
      <PageHeader title={customer ? licence.plan_name : licence.customer_name} actions={<Actions licence={licence} onOpen={setOpen} />}>
        {t('portal.licence_lead', { plan: licence.plan_name, contract: licence.contract_reference })}
      </PageHeader>
      <div className="grid gap-4 xl:grid-cols-[minmax(0,1.4fr)_minmax(320px,1fr)]">
        <div className="grid content-start gap-4">
          <Facts licence={licence} />
          <Installs licence={licence} />
          <Serials detail={data} customer={customer} />
        </div>
        <Timeline detail={data} />
      </div>
      {open === 'activate' ? <Activate customer={customer} onClose={close} /> : null}
      {open === 'renew' ? <Renew licence={licence} onClose={close} /> : null}
      {open === 'revoke' ? <Revoke licence={licence} onClose={close} /> : null}
    </>
  )
}

function Actions({ licence, onOpen }: { licence: Licence; onOpen: (what: 'renew' | 'revoke' | 'activate') => void }) {
  const customer = useSession().kind === 'portal'
  const mayIssue = useCan('licences.issue')
  const mayRevoke = useCan('licences.revoke')
  const mayAnswer = useCan('installs.manage') || customer
  const live = licence.state !== 'revoked'
  return (
    <>
      {mayAnswer && live && licence.serial > 0 ? (
        <Button kind="outline" onClick={() => onOpen('activate')}>
          <FileUp size={17} aria-hidden="true" />
          {t('portal.activate')}
        </Button>
      ) : null}
      {mayRevoke && live ? (
        <Button kind="danger" onClick={() => onOpen('revoke')}>
          <Ban size={17} aria-hidden="true" />
          {t('portal.revoke')}
        </Button>
      ) : null}
      {mayIssue && live && licence.serial > 0 ? (
        <Button onClick={() => onOpen('renew')}>
          <RefreshCw size={17} aria-hidden="true" />
          {t('portal.renew')}
        </Button>
      ) : null}
    </>
  )
}

function Facts({ licence }: { licence: Licence }) {
  const facts = [
    [t('portal.state'), <LicencePill key="state" licence={licence} />],
    [t('portal.term_end'), licence.term_end ? formatDate(licence.term_end) : t('portal.perpetual')],
    [t('portal.edition'), licence.edition],
    [t('portal.kind'), t(`portal.kind.${licence.kind}`)],
    [t('portal.serial'), String(licence.serial)],
    [t('portal.created'), formatDateTime(licence.created_at)],
  ] as const
  return (
    <Panel>
      <p className="mb-4 flex items-center gap-1 font-mono text-[13px] break-all text-ink-2">
        {licence.id}
        <CopyButton text={licence.id} label={t('portal.copy_id')} />
      </p>
      <dl className="grid grid-cols-2 gap-x-6 gap-y-4 sm:grid-cols-3">
        {facts.map(([name, value]) => (
          <div key={name}>
            <dt className="text-[13px] text-ink-3">{name}</dt>
            <dd className="mt-0.5 text-[15px] font-medium">{value}</dd>
          </div>
        ))}
      </dl>
      {licence.waiting_request ? (
        <p className="mt-5 rounded-[14px] border border-warn/40 bg-warn/10 px-3.5 py-3 text-[14px]">{t('portal.waits_for_signature')}</p>
      ) : null}
    </Panel>
  )
}

function Serials({ detail, customer }: { detail: LicenceDetail; customer: boolean }) {
  const { id } = detail.licence
  const get = (serial: number) => {
    const template = customer ? '/api/portal/licences/{licence}/file' : '/api/licences/{licence}/file'
    void download(`${template}?serial=${serial}`, { licence: id }, `${id}-${serial}.license.json`).catch(toast.error)
  }
  return (
    <Panel title={t('portal.files')}>
      {detail.serials.length === 0 ? <p className="text-ink-2">{t('portal.files_none')}</p> : null}
      <ul className="grid gap-2">
        {detail.serials.map((file) => (
          <li key={file.serial} className="flex items-center gap-3 rounded-[14px] border border-line px-4 py-3">
            <span className="min-w-0 flex-1">
              <b className="block text-[14.5px] font-semibold">{t('portal.serial_of', { serial: String(file.serial) })}</b>
              <span className="block truncate text-[13px] text-ink-3">
                {t('portal.signed_at', { when: formatDateTime(file.issued_at) })}
              </span>
            </span>
            <Button kind="outline" size="sm" onClick={() => get(file.serial)}>
              <Download size={15} aria-hidden="true" />
              {t('portal.download')}
            </Button>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Timeline({ detail }: { detail: LicenceDetail }) {
  return (
    <Panel title={t('portal.timeline')} i={1}>
      <ol className="grid gap-4 border-s border-line ps-4">
        {detail.timeline.map((event) => (
          <li key={event.id} className="relative">
            <span className="absolute -start-[21px] top-1.5 size-2.5 rounded-full bg-brand" aria-hidden="true" />
            <b className="block text-[14px] font-semibold">{optional(`portal.event.${event.kind}`) ?? event.kind}</b>
            <span className="block text-[13.5px] break-words text-ink-2">{event.summary}</span>
            <time dateTime={event.at} className="text-[12.5px] text-ink-3">
              {formatDateTime(event.at)}
            </time>
          </li>
        ))}
      </ol>
    </Panel>
  )
}

function Renew({ licence, onClose }: { licence: Licence; onClose: () => void }) {
  const contracts = useQuery({
    queryKey: ['contracts', licence.customer_id],
    queryFn: ({ signal }) => api.get('/api/customers/{customer}/contracts', { signal, path: { customer: licence.customer_id } }),
  })
  const [contract, setContract] = useState<string>(licence.contract_id)
  const running = contracts.data?.items.filter((item) => !item.ended_at) ?? []
  return (
    <FormDialog
      title={t('portal.renew_title')}
      lead={t('portal.renew_lead')}
      submit={t('portal.renew')}
      onClose={onClose}
      send={() => api.post('/api/licences/{licence}/renew', { path: { licence: licence.id }, body: { contract_id: contract } })}
      onDone={(renewed) => {
        toast.success(renewed.waiting_request ? t('portal.issue_waits') : t('portal.renew_done'))
        onClose()
      }}
    >
      {() => (
        <Select
          label={t('portal.contract')}
          value={contract}
          onChange={setContract}
          items={running.map((item) => [item.id, `${item.reference} (${item.quantity})`] as const)}
        />
      )}
    </FormDialog>
  )
}

const EFFECTS: readonly Effect[] = ['restrict_new', 'warn', 'read_only']

function Revoke({ licence, onClose }: { licence: Licence; onClose: () => void }) {
  const [reason, setReason] = useState('')
  const [message, setMessage] = useState('')
  const [effect, setEffect] = useState<Effect>('restrict_new')
  return (
    <FormDialog
      danger
      title={t('portal.revoke_title', { customer: licence.customer_name })}
      lead={t('portal.revoke_lead')}
      submit={t('portal.revoke')}
      fields={['reason', 'message']}
      onClose={onClose}
      send={() => api.post('/api/licences/{licence}/revoke', { path: { licence: licence.id }, body: { reason, message, effect } })}
      onDone={() => {
        toast.success(t('portal.revoke_done'))
        onClose()
      }}
    >
      {(fieldError) => (
        <>
          <Field
            label={t('portal.reason')}
            required
            maxLength={120}
            value={reason}
            error={fieldError('reason')}
            onChange={(event) => setReason(event.target.value)}
          />
          <Select
            label={t('portal.effect')}
            hint={t(`portal.effect.${effect}_note`)}
            value={effect}
            onChange={setEffect}
            items={EFFECTS.map((item) => [item, t(`portal.effect.${item}`)] as const)}
          />
          <Textarea
            label={t('portal.message')}
            rows={3}
            maxLength={500}
            value={message}
            onChange={(event) => setMessage(event.target.value)}
          />
        </>
      )}
    </FormDialog>
  )
}
