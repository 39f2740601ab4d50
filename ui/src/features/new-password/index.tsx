import '@/lib/i18n/en/signin'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ArrowRight } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { adoptSession, useSession } from '@/api/session'
import { signOut } from '@/api/sign-out'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { PasswordField } from '@/components/password-field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'

/** A person who signed in with a temporary password chooses their own before anything else. */
export default function NewPassword() {
  const [input, setInput] = useState({ current_password: '', new_password: '' })
  const session = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const change = useMutation({
    mutationFn: (body: typeof input) => api.post('/api/account/password', { body }),
    onSuccess: async (session) => {
      adoptSession(client, session)
      await navigate({ to: '/', replace: true })
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate(input)
  }
  const fieldError = (name: string) => (isApiError(change.error) ? change.error.field(name) : undefined)
  return (
    <Door label={t('newpassword.title')}>
      <DoorHeading title={t('newpassword.title')}>{t('newpassword.lead')}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <input type="hidden" autoComplete="username" value={session.person.email} readOnly />
        <PasswordField
          label={t('newpassword.current')}
          autoComplete="current-password"
          required
          autoFocus
          value={input.current_password}
          error={fieldError('current_password')}
          onChange={(event) => setInput((now) => ({ ...now, current_password: event.target.value }))}
        />
        <PasswordField
          meter
          label={t('newpassword.new')}
          autoComplete="new-password"
          required
          minLength={PASSWORD_LENGTH_MIN}
          value={input.new_password}
          error={fieldError('new_password')}
          onChange={(event) => setInput((now) => ({ ...now, new_password: event.target.value }))}
        />
        <FormError error={change.error} />
        <Button type="submit" size="lg" className="w-full" disabled={change.isPending || strengthOf(input.new_password) === 'weak'}>
          {t('newpassword.submit')}
          <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
        </Button>
        <Button kind="quiet" onClick={() => void signOut(session).catch(toast.error)}>
          {t('newpassword.other')}
        </Button>
      </form>
    </Door>
  )
}
