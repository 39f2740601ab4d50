import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { Button } from '@/components/button'
import { Dialog, DialogActions } from '@/components/dialog'
import { FormError } from '@/components/error-state'
import { Field, Select } from '@/components/field'
import { Secret } from '@/components/secret'
import { rich, t } from '@/lib/i18n'

const DAYS = ['30', '90', '365', 'never'] as const
type Days = (typeof DAYS)[number]
const daysLabel = (days: Days) => {
  if (days === 'never') return t('account.keys.never')
  return days === '365' ? t('account.keys.year') : t('account.keys.days', { days: Number(days) })
}

/** Asks for a name and a lifetime, then shows the key once. */
export function CreateKey({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('')
  const [days, setDays] = useState<Days>('90')
  const client = useQueryClient()
  const create = useMutation({
    mutationFn: () =>
      api.post('/api/account/api-keys', {
        body: { name: name.trim(), ...(days === 'never' ? {} : { expires_in_days: Number(days) }) },
      }),
    onSuccess: () => client.invalidateQueries({ queryKey: queries.apiKeys().queryKey }),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    create.mutate()
  }
  const error = isApiError(create.error) ? create.error : undefined
  if (create.data) {
    return (
      <Dialog
        open
        onClose={onClose}
        title={t('account.keys.created_title')}
        lead={rich('account.keys.created_text', { code: (words) => <code className="font-mono text-[13px]">{words}</code> })}
      >
        <Secret value={create.data.key} warning={t('account.keys.once')} />
        <DialogActions>
          <Button onClick={onClose}>{t('account.keys.done')}</Button>
        </DialogActions>
      </Dialog>
    )
  }
  return (
    <Dialog open onClose={onClose} title={t('account.keys.create')}>
      <form className="grid gap-5" onSubmit={submit}>
        <Field
          label={t('account.keys.name')}
          hint={t('account.keys.name_hint')}
          required
          maxLength={80}
          value={name}
          error={error?.field('name')}
          onChange={(event) => setName(event.target.value)}
        />
        <Select
          label={t('account.keys.expires')}
          value={days}
          onChange={setDays}
          items={DAYS.map((value) => [value, daysLabel(value)] as const)}
        />
        <FormError error={create.error} fields={['name']} />
        <DialogActions>
          <Button kind="outline" onClick={onClose}>
            {t('action.cancel')}
          </Button>
          <Button type="submit" disabled={name.trim() === '' || create.isPending}>
            {t('account.keys.create')}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}
