import { useState } from 'react'
import { Field, Textarea } from '@/components/field'
import { t } from '@/lib/i18n'
import { api, type Customer, type CustomerInput } from '../api/client'
import { FormDialog } from '../parts/form-dialog'

type CustomerFormProps = { customer?: Customer; onClose: () => void; onDone: (customer: Customer) => void }

/** Adds a customer, or changes one. */
export function CustomerForm({ customer, onClose, onDone }: CustomerFormProps) {
  const [input, setInput] = useState<Required<CustomerInput>>({
    name: customer?.name ?? '',
    country: customer?.country ?? '',
    contact_name: customer?.contact_name ?? '',
    contact_email: customer?.contact_email ?? '',
    notes: customer?.notes ?? '',
  })
  const set = (name: keyof CustomerInput) => (event: { target: { value: string } }) =>
    setInput((now) => ({ ...now, [name]: event.target.value }))
  const send = () =>
    customer
      ? api.put('/api/customers/{customer}', { path: { customer: customer.id }, body: input })
      : api.post('/api/customers', { body: input })
  return (
    <FormDialog
      title={customer ? t('vendor.customer_change') : t('vendor.customer_add')}
      lead={t('vendor.customer_form_lead')}
      submit={t('action.save')}
      fields={['name', 'country', 'contact_name', 'contact_email']}
      onClose={onClose}
      send={send}
      onDone={(saved) => {
        onClose()
        onDone(saved)
      }}
    >
      {(fieldError) => (
        <>
          <Field label={t('vendor.name')} required maxLength={120} value={input.name} error={fieldError('name')} onChange={set('name')} />
          <Field
            label={t('vendor.country')}
            hint={t('vendor.country_hint')}
            maxLength={2}
            value={input.country}
            error={fieldError('country')}
            onChange={set('country')}
          />
          <Field label={t('vendor.contact')} value={input.contact_name} error={fieldError('contact_name')} onChange={set('contact_name')} />
          <Field
            label={t('vendor.email')}
            type="email"
            value={input.contact_email}
            error={fieldError('contact_email')}
            onChange={set('contact_email')}
          />
          <Textarea label={t('vendor.notes')} rows={3} value={input.notes} onChange={set('notes')} />
        </>
      )}
    </FormDialog>
  )
}
