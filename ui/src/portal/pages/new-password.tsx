import '@/lib/i18n/en/signin'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { isApiError } from '@/api/error'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { PasswordField } from '@/components/password-field'
import { rich, t } from '@/lib/i18n'
import { api } from '../api/client'
import { sessionQuery } from '../session'

/** Whoever signed in with a temporary password chooses their own first. */
export function NewPassword() {
  const [input, setInput] = useState({ current_password: '', new_password: '' })
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: () => api.post('/api/session/password', { body: input }),
    onSuccess: () => client.invalidateQueries({ queryKey: sessionQuery.queryKey }),
  })
  const error = isApiError(change.error) ? change.error : undefined
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate()
  }
  return (
    <Door
      label={t('signin.region')}
      badge={null}
      headline={rich('portal.door_headline', { shine: (words) => <span className="shine">{words}</span> })}
      promise={t('portal.door_promise')}
    >
      <DoorHeading title={t('newpassword.title')}>{t('newpassword.lead')}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <PasswordField
          label={t('newpassword.current')}
          autoComplete="current-password"
          required
          value={input.current_password}
          error={error?.field('current_password')}
          onChange={(event) => setInput((now) => ({ ...now, current_password: event.target.value }))}
        />
        <PasswordField
          label={t('newpassword.new')}
          autoComplete="new-password"
          required
          value={input.new_password}
          error={error?.field('new_password')}
          onChange={(event) => setInput((now) => ({ ...now, new_password: event.target.value }))}
        />
        <FormError error={change.error} fields={['current_password', 'new_password']} />
        <Button type="submit" size="lg" className="w-full" disabled={change.isPending}>
          {t('newpassword.submit')}
        </Button>
      </form>
    </Door>
  )
}
