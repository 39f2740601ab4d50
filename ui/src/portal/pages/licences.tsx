import { useQuery, useQueryClient } from '@tanstack/react-query'
import { BadgePlus, Download, FileUp } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { Select } from '@/components/field'
import { PageHeader } from '@/components/page'
import { SearchField } from '@/components/search-field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { answerActivation, api, download, type Licence, save } from '../api/client'
import { FileDialog } from '../parts/file-dialog'
import { FormDialog } from '../parts/form-dialog'
import { LicencePill } from '../parts/licence-pill'
import { Listing } from '../parts/listing'
import { Warnings } from '../parts/warnings'
import { go, Link } from '../router'
import { useCan, useSession } from '../session'

const LEASE_FILE = 'guildhall.lease.json'

function columns(customer: boolean): Column<Licence>[] {
  const id: Column<Licence> = {
    key: 'id',
    head: t('portal.licence'),
    cell: (row) => (
      <Link to={`/licences/${row.id}`} className="font-medium text-brand underline-offset-4 hover:underline">
        {customer ? row.plan_name : row.customer_name}
        <span className="block font-mono text-[12px] font-normal text-ink-3">{row.id}</span>
      </Link>
    ),
  }
  return [
    id,
    { key: 'plan', head: t('portal.plan'), cell: (row) => row.plan_name, hide: true },
    { key: 'state', head: t('portal.state'), cell: (row) => <LicencePill licence={row} /> },
    {
      key: 'end',
      head: t('portal.term_end'),
      cell: (row) => (row.term_end ? formatDate(row.term_end) : t('portal.perpetual')),
      hide: true,
    },
    { key: 'installs', head: t('portal.installs'), end: true, cell: (row) => `${row.active_installs}/${row.max_installs}` },
  ]
}

/** The licences: everybody's for the vendor, one's own for a customer. */
export default function Licences() {
  const session = useSession()
  const customer = session.kind === 'portal'
  const mayIssue = useCan('licences.issue')
  const mayAnswer = useCan('installs.manage') || customer
  const [query, setQuery] = useState('')
  const [open, setOpen] = useState<'issue' | 'activate' | null>(null)
  const client = useQueryClient()
  const close = () => {
    setOpen(null)
    void client.invalidateQueries({ queryKey: ['licences'] })
  }
  return (
    <>
      <PageHeader
        title={t('portal.nav.licences')}
        actions={
          <>
            {mayAnswer ? (
              <Button kind="outline" onClick={() => setOpen('activate')}>
                <FileUp size={17} aria-hidden="true" />
                {t('portal.activate')}
              </Button>
            ) : null}
            {mayIssue ? (
              <Button onClick={() => setOpen('issue')}>
                <BadgePlus size={17} aria-hidden="true" />
                {t('portal.issue')}
              </Button>
            ) : null}
          </>
        }
      >
        {customer ? t('portal.licences_lead_customer') : t('portal.licences_lead')}
      </PageHeader>
      {customer ? null : <Warnings />}
      {customer ? null : (
        <SearchField
          label={t('portal.search_licences')}
          hint={t('portal.search_licences')}
          value={query}
          onSearch={setQuery}
          className="mb-4 max-w-[440px]"
        />
      )}
      <Listing
        label={t('portal.nav.licences')}
        queryKey={['licences', query]}
        read={(cursor, signal) =>
          customer
            ? api.get('/api/portal/licences', { signal, query: { cursor } })
            : api.get('/api/licences', { signal, query: { cursor, q: query } })
        }
        columns={columns(customer)}
        empty={{ title: t('portal.licences_none'), text: customer ? t('portal.licences_none_customer') : t('portal.licences_none_text') }}
      />
      {open === 'activate' ? <Activate customer={customer} onClose={close} /> : null}
      {open === 'issue' ? <Issue onClose={close} /> : null}
      {customer ? <CrlNote /> : null}
    </>
  )
}

function CrlNote() {
  const get = () => void download('/api/portal/crl', {}, 'guildhall.crl.json').catch(toast.error)
  return (
    <p className="mt-5 flex flex-wrap items-center gap-x-3 gap-y-2 px-1 text-[14px] text-ink-2">
      {t('portal.crl_note')}
      <Button kind="quiet" size="sm" onClick={get}>
        <Download size={15} aria-hidden="true" />
        {t('portal.crl_download')}
      </Button>
    </p>
  )
}

/** Activation request in, lease out: the exchange by file. */
export function Activate({ customer, onClose }: { customer: boolean; onClose: () => void }) {
  const [lease, setLease] = useState('')
  return (
    <FileDialog
      title={t('portal.activate_title')}
      lead={t('portal.activate_lead')}
      submit={t('portal.activate_submit')}
      onClose={onClose}
      send={async (text) => {
        const answer = await answerActivation(customer, text)
        setLease(answer)
        save(answer, LEASE_FILE)
      }}
      done={
        <div className="grid gap-3 text-[14.5px]">
          <p>{t('portal.activate_done')}</p>
          <Button kind="outline" size="sm" className="justify-self-start" onClick={() => save(lease, LEASE_FILE)}>
            <Download size={15} aria-hidden="true" />
            {t('portal.lease_again')}
          </Button>
        </div>
      }
    />
  )
}

/** Issues a licence on a contract of a customer. */
function Issue({ onClose }: { onClose: () => void }) {
  const [customer, setCustomer] = useState('')
  const [contract, setContract] = useState('')
  const customers = useQuery({
    queryKey: ['customers', 'choice'],
    queryFn: ({ signal }) => api.get('/api/customers', { signal, query: { limit: 100 } }),
  })
  const contracts = useQuery({
    queryKey: ['contracts', customer],
    queryFn: ({ signal }) => api.get('/api/customers/{customer}/contracts', { signal, path: { customer } }),
    enabled: customer !== '',
  })
  const running = contracts.data?.items.filter((item) => !item.ended_at) ?? []
  return (
    <FormDialog
      title={t('portal.issue_title')}
      lead={t('portal.issue_lead')}
      submit={t('portal.issue_submit')}
      onClose={onClose}
      send={() => api.post('/api/licences', { body: { contract_id: contract } })}
      onDone={(licence) => {
        toast.success(licence.state === 'requested' ? t('portal.issue_waits') : t('portal.issue_done'))
        onClose()
        go(`/licences/${licence.id}`)
      }}
    >
      {() => (
        <>
          <Select
            label={t('portal.customer')}
            value={customer}
            onChange={(next) => {
              setCustomer(next)
              setContract('')
            }}
            items={[['', t('portal.choose')], ...(customers.data?.items ?? []).map((item) => [item.id, item.name] as const)]}
          />
          <Select
            label={t('portal.contract')}
            hint={customer && contracts.data && running.length === 0 ? t('portal.contract_none') : undefined}
            value={contract}
            disabled={customer === ''}
            onChange={setContract}
            items={[['', t('portal.choose')], ...running.map((item) => [item.id, `${item.reference} (${item.quantity})`] as const)]}
          />
        </>
      )}
    </FormDialog>
  )
}
