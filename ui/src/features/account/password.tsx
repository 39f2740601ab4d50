import { useMutation, useQueryClient } from '@tanstack/react-query'
import { KeyRound } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { keys } from '@/api/queries'
import { adoptSession, useSession } from '@/api/session'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Panel } from '@/components/page'
import { PasswordField } from '@/components/password-field'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'

const EMPTY = { current_password: '', new_password: '' }

export function PasswordPanel() {
  const [input, setInput] = useState(EMPTY)
  const { person } = useSession()
  const client = useQueryClient()
  const change = useMutation({
    mutationFn: (body: typeof EMPTY) => api.post('/api/account/password', { body }),
    onSuccess: (session) => {
      adoptSession(client, session)
      setInput(EMPTY)
      void client.invalidateQueries({ queryKey: keys.account })
      toast.success(t('account.password.saved'))
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    change.mutate(input)
  }
  const error = isApiError(change.error) ? change.error : undefined
  const strength = strengthOf(input.new_password)
  return (
    <Panel title={t('account.password.title')} icon={KeyRound}>
      <p className="-mt-2 mb-5 text-[14px] text-ink-2">{t('account.password.lead')}</p>
      <form className="grid gap-5" onSubmit={submit}>
        <input type="text" autoComplete="username" value={person.email} readOnly hidden />
        <PasswordField
          label={t('account.password.current')}
          autoComplete="current-password"
          required
          value={input.current_password}
          error={error?.field('current_password')}
          onChange={(event) => setInput((now) => ({ ...now, current_password: event.target.value }))}
        />
        <PasswordField
          meter
          label={t('account.password.new')}
          autoComplete="new-password"
          required
          minLength={PASSWORD_LENGTH_MIN}
          value={input.new_password}
          error={error?.field('new_password')}
          onChange={(event) => setInput((now) => ({ ...now, new_password: event.target.value }))}
        />
        <FormError error={change.error} fields={['current_password', 'new_password']} />
        <Button
          type="submit"
          className="justify-self-start"
          disabled={change.isPending || input.current_password === '' || strength === 'empty' || strength === 'weak'}
        >
          {t('account.password.submit')}
        </Button>
      </form>
    </Panel>
  )
}
