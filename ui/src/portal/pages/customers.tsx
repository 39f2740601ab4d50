import '@/lib/i18n/en/portal-vendor'
import { useQueryClient } from '@tanstack/react-query'
import { Plus } from 'lucide-react'
import { useState } from 'react'
import { Button } from '@/components/button'
import type { Column } from '@/components/datatable'
import { PageHeader } from '@/components/page'
import { SearchField } from '@/components/search-field'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { api, type Customer } from '../api/client'
import { Listing } from '../parts/listing'
import { go, Link } from '../router'
import { useCan } from '../session'
import { CustomerForm } from './customer-form'

const columns = (): Column<Customer>[] => [
  {
    key: 'name',
    head: t('portal.customer'),
    wide: true,
    cell: (row) => (
      <Link to={`/customers/${row.id}`} className="font-medium text-brand underline-offset-4 hover:underline">
        {row.name}
      </Link>
    ),
  },
  { key: 'contact', head: t('vendor.contact'), cell: (row) => row.contact_email || row.contact_name, hide: true },
  { key: 'country', head: t('vendor.country'), cell: (row) => row.country },
  { key: 'since', head: t('vendor.since'), cell: (row) => formatDate(row.created_at), end: true, hide: true },
]

/** The organisations that buy. */
export default function Customers() {
  const manage = useCan('customers.manage')
  const [query, setQuery] = useState('')
  const [adding, setAdding] = useState(false)
  const client = useQueryClient()
  return (
    <>
      <PageHeader
        title={t('portal.nav.customers')}
        actions={
          manage ? (
            <Button onClick={() => setAdding(true)}>
              <Plus size={17} aria-hidden="true" />
              {t('vendor.customer_add')}
            </Button>
          ) : null
        }
      >
        {t('vendor.customers_lead')}
      </PageHeader>
      <SearchField
        label={t('vendor.customers_search')}
        hint={t('vendor.customers_search')}
        value={query}
        onSearch={setQuery}
        className="mb-4 max-w-[440px]"
      />
      <Listing
        label={t('portal.nav.customers')}
        queryKey={['customers', query]}
        read={(cursor, signal) => api.get('/api/customers', { signal, query: { cursor, q: query } })}
        columns={columns()}
        empty={{ title: t('vendor.customers_none'), text: t('vendor.customers_none_text') }}
      />
      {adding ? (
        <CustomerForm
          onClose={() => setAdding(false)}
          onDone={(customer) => {
            void client.invalidateQueries({ queryKey: ['customers'] })
            go(`/customers/${customer.id}`)
          }}
        />
      ) : null}
    </>
  )
}
