import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Field, Select } from '@/components/field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatMoney } from '@/lib/i18n/format'
import { api } from '../api/client'
import { FormDialog } from '../parts/form-dialog'
import { Once } from '../parts/once'

/** Concludes a contract, with today's price beside the quantity. */
export function ContractForm({ customer, onClose }: { customer: string; onClose: () => void }) {
  const [plan, setPlan] = useState('')
  const [reference, setReference] = useState('')
  const [quantity, setQuantity] = useState(10)
  const plans = useQuery({
    queryKey: ['plans', 'choice'],
    queryFn: ({ signal }) => api.get('/api/plans', { signal, query: { limit: 100 } }),
  })
  const quote = useQuery({
    queryKey: ['quote', plan, quantity],
    queryFn: ({ signal }) => api.post('/api/plans/{plan}/quote', { signal, path: { plan }, body: { quantity } }),
    enabled: plan !== '' && quantity > 0,
  })
  const onSale = plans.data?.items.filter((item) => !item.archived_at) ?? []
  return (
    <FormDialog
      title={t('vendor.contract_add')}
      lead={t('vendor.contract_lead')}
      submit={t('vendor.contract_submit')}
      fields={['reference', 'quantity']}
      onClose={onClose}
      send={() => api.post('/api/contracts', { body: { customer_id: customer, plan_id: plan, reference, quantity } })}
      onDone={(contract) => {
        toast.success(t('vendor.contract_done', { reference: contract.reference }))
        onClose()
      }}
    >
      {(fieldError) => (
        <>
          <Select
            label={t('portal.plan')}
            value={plan}
            onChange={setPlan}
            items={[['', t('portal.choose')], ...onSale.map((item) => [item.id, item.name] as const)]}
          />
          <Field
            label={t('vendor.reference')}
            hint={t('vendor.reference_hint')}
            required
            maxLength={120}
            value={reference}
            error={fieldError('reference')}
            onChange={(event) => setReference(event.target.value)}
          />
          <Field
            label={t('vendor.quantity')}
            type="number"
            min={1}
            required
            value={quantity}
            error={fieldError('quantity')}
            hint={
              quote.data
                ? t('vendor.quote', {
                    amount: formatMoney(quote.data.amount_minor, quote.data.currency),
                    discount: quote.data.discount_basis_points / 100,
                  })
                : undefined
            }
            onChange={(event) => setQuantity(Number(event.target.value))}
          />
        </>
      )}
    </FormDialog>
  )
}

/** Makes a portal access; its code is shown once. */
export function AccessForm({ customer, onClose }: { customer: string; onClose: () => void }) {
  const [name, setName] = useState('')
  const [code, setCode] = useState<string | null>(null)
  if (code) return <Once title={t('vendor.access_made')} lead={t('vendor.access_made_lead')} value={code} onClose={onClose} />
  return (
    <FormDialog
      title={t('vendor.access_add')}
      lead={t('vendor.access_lead')}
      submit={t('vendor.access_submit')}
      fields={['name']}
      onClose={onClose}
      send={() => api.post('/api/customers/{customer}/accesses', { path: { customer }, body: { name } })}
      onDone={(created) => setCode(created.code)}
    >
      {(fieldError) => (
        <Field
          label={t('vendor.access_name')}
          required
          maxLength={120}
          value={name}
          error={fieldError('name')}
          onChange={(event) => setName(event.target.value)}
        />
      )}
    </FormDialog>
  )
}
