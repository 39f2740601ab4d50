import '@/lib/i18n/en/portal-vendor'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { FilePlus2, KeyRound, Pencil } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import { ConfirmDialog } from '@/components/dialog'
import { ErrorState } from '@/components/error-state'
import { PageHeader, Panel } from '@/components/page'
import { PageSkeleton } from '@/components/skeleton'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate, formatMoney, formatRelative } from '@/lib/i18n/format'
import { api, type Contract, type PortalAccess } from '../api/client'
import { LicencePill } from '../parts/licence-pill'
import { Link, usePath } from '../router'
import { useCan } from '../session'
import { AccessForm, ContractForm } from './customer-dialogs'
import { CustomerForm } from './customer-form'

type Asked = 'change' | 'contract' | 'access' | null

/** A customer: contracts, licences, and who of theirs may sign in. */
export default function CustomerPage() {
  const id = usePath().split('/')[2] ?? ''
  const manage = useCan('customers.manage')
  const [asked, setAsked] = useState<Asked>(null)
  const client = useQueryClient()
  const { data, error, refetch } = useQuery({
    queryKey: ['customer', id],
    queryFn: ({ signal }) => api.get('/api/customers/{customer}', { signal, path: { customer: id } }),
  })
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <PageSkeleton />
  const close = () => {
    setAsked(null)
    void client.invalidateQueries({ queryKey: ['contracts', id] })
    void client.invalidateQueries({ queryKey: ['accesses', id] })
  }
  return (
    <>
      <PageHeader
        title={data.name}
        actions={
          manage ? (
            <>
              <Button kind="outline" onClick={() => setAsked('change')}>
                <Pencil size={17} aria-hidden="true" />
                {t('vendor.change')}
              </Button>
              <Button kind="outline" onClick={() => setAsked('access')}>
                <KeyRound size={17} aria-hidden="true" />
                {t('vendor.access_add')}
              </Button>
              <Button onClick={() => setAsked('contract')}>
                <FilePlus2 size={17} aria-hidden="true" />
                {t('vendor.contract_add')}
              </Button>
            </>
          ) : null
        }
      >
        {[data.contact_name, data.contact_email, data.country].filter(Boolean).join(', ')}
      </PageHeader>
      <div className="grid gap-4 xl:grid-cols-2">
        <Contracts customer={id} manage={manage} />
        <Licences customer={id} />
        <Accesses customer={id} manage={manage} />
        {data.notes ? (
          <Panel title={t('vendor.notes')}>
            <p className="whitespace-pre-line text-ink-2">{data.notes}</p>
          </Panel>
        ) : null}
      </div>
      {asked === 'change' ? (
        <CustomerForm customer={data} onClose={() => setAsked(null)} onDone={(saved) => client.setQueryData(['customer', id], saved)} />
      ) : null}
      {asked === 'contract' ? <ContractForm customer={id} onClose={close} /> : null}
      {asked === 'access' ? <AccessForm customer={id} onClose={close} /> : null}
    </>
  )
}

function Contracts({ customer, manage }: { customer: string; manage: boolean }) {
  const { data } = useQuery({
    queryKey: ['contracts', customer],
    queryFn: ({ signal }) => api.get('/api/customers/{customer}/contracts', { signal, path: { customer } }),
  })
  return (
    <Panel title={t('vendor.contracts')}>
      {data?.items.length === 0 ? <p className="text-ink-2">{t('vendor.contracts_none')}</p> : null}
      <ul className="grid gap-2">
        {data?.items.map((contract) => (
          <ContractRow key={contract.id} contract={contract} manage={manage} />
        ))}
      </ul>
    </Panel>
  )
}

function ContractRow({ contract, manage }: { contract: Contract; manage: boolean }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const { quote } = contract
  const end = useMutation({
    mutationFn: () => api.post('/api/contracts/{contract}/end', { path: { contract: contract.id } }),
    onSuccess: () => {
      setAsking(false)
      return client.invalidateQueries({ queryKey: ['contracts', contract.customer_id] })
    },
    onError: toast.error,
  })
  return (
    <li className="flex flex-wrap items-center gap-x-3 gap-y-2 rounded-[14px] border border-line px-4 py-3">
      <span className="min-w-0 flex-1 basis-[220px]">
        <b className="block truncate text-[14.5px] font-semibold">{contract.reference}</b>
        <span className="block text-[13px] text-ink-2">
          {t('vendor.contract_sum', {
            quantity: contract.quantity,
            amount: formatMoney(quote.amount_minor, quote.currency),
            discount: quote.discount_basis_points / 100,
          })}
        </span>
        <span className="block text-[13px] text-ink-3">
          {contract.ends_at
            ? t('vendor.contract_term', { from: formatDate(contract.starts_at), to: formatDate(contract.ends_at) })
            : t('vendor.contract_from', { from: formatDate(contract.starts_at) })}
        </span>
      </span>
      {contract.ended_at ? <StatusPill state="paused">{t('vendor.ended')}</StatusPill> : null}
      {manage && !contract.ended_at ? (
        <Button kind="quiet" size="sm" onClick={() => setAsking(true)}>
          {t('vendor.contract_end')}
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => end.mutate()}
        title={t('vendor.contract_end_title', { reference: contract.reference })}
        confirm={t('vendor.contract_end')}
        busy={end.isPending}
      >
        {t('vendor.contract_end_text')}
      </ConfirmDialog>
    </li>
  )
}

function Licences({ customer }: { customer: string }) {
  const { data } = useQuery({
    queryKey: ['licences', 'of', customer],
    queryFn: ({ signal }) => api.get('/api/licences', { signal, query: { customer, limit: 100 } }),
  })
  return (
    <Panel title={t('portal.nav.licences')} i={1}>
      {data?.items.length === 0 ? <p className="text-ink-2">{t('vendor.licences_none')}</p> : null}
      <ul className="grid gap-2">
        {data?.items.map((licence) => (
          <li key={licence.id} className="flex items-center gap-3 rounded-[14px] border border-line px-4 py-3">
            <Link to={`/licences/${licence.id}`} className="min-w-0 flex-1 truncate text-[14.5px] font-medium text-brand hover:underline">
              {licence.plan_name}
            </Link>
            <LicencePill licence={licence} />
          </li>
        ))}
      </ul>
    </Panel>
  )
}

function Accesses({ customer, manage }: { customer: string; manage: boolean }) {
  const { data } = useQuery({
    queryKey: ['accesses', customer],
    queryFn: ({ signal }) => api.get('/api/customers/{customer}/accesses', { signal, path: { customer } }),
  })
  return (
    <Panel title={t('vendor.accesses')}>
      {data?.items.length === 0 ? <p className="text-ink-2">{t('vendor.accesses_none')}</p> : null}
      <ul className="grid gap-2">
        {data?.items.map((access) => (
          <AccessRow key={access.id} access={access} manage={manage} />
        ))}
      </ul>
    </Panel>
  )
}

function AccessRow({ access, manage }: { access: PortalAccess; manage: boolean }) {
  const [asking, setAsking] = useState(false)
  const client = useQueryClient()
  const revoke = useMutation({
    mutationFn: () => api.delete('/api/accesses/{access}', { path: { access: access.id } }),
    onSuccess: () => {
      setAsking(false)
      return client.invalidateQueries({ queryKey: ['accesses', access.customer_id] })
    },
    onError: toast.error,
  })
  return (
    <li className="flex items-center gap-3 rounded-[14px] border border-line px-4 py-3">
      <span className="min-w-0 flex-1">
        <b className="block truncate text-[14.5px] font-semibold">{access.name}</b>
        <span className="block text-[13px] text-ink-3">
          {access.last_used_at ? t('vendor.used', { when: formatRelative(access.last_used_at) }) : t('vendor.never_used')}
        </span>
      </span>
      {manage ? (
        <Button kind="quiet" size="sm" onClick={() => setAsking(true)}>
          {t('portal.revoke')}
        </Button>
      ) : null}
      <ConfirmDialog
        open={asking}
        onClose={() => setAsking(false)}
        onConfirm={() => revoke.mutate()}
        title={t('vendor.access_revoke_title', { name: access.name })}
        confirm={t('portal.revoke')}
        busy={revoke.isPending}
      >
        {t('vendor.access_revoke_text')}
      </ConfirmDialog>
    </li>
  )
}
