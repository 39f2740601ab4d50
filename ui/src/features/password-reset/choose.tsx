import { useMutation, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, LoaderCircle } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { accountQueries, type ResetCheck } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { Button, btn } from '@/components/button'
import { DoorHeading } from '@/components/door'
import { ErrorState, errorText, FormError } from '@/components/error-state'
import { forgetLinkToken } from '@/components/link-token'
import { PasswordField } from '@/components/password-field'
import { Seal } from '@/components/seal'
import { CheckingLink, ShutLink } from '@/components/shut-link'
import { t } from '@/lib/i18n'
import { strengthOf } from '@/lib/password'

/** Chooses a new password by the link that came by mail. */
export function Choose({ token }: { token: string }) {
  const { data, error, refetch } = useQuery({ ...accountQueries.reset(token), retry: false })
  const [done, setDone] = useState(false)
  const refused = isApiError(error) && error.status > 0 && error.status < 500
  if (done) return <Done />
  if (refused) return <ShutLink title={t('reset.failed_title')} text={errorText(error)} />
  if (error) return <ErrorState error={error} onRetry={() => void refetch()} />
  if (!data) return <CheckingLink title={t('reset.region')} label={t('reset.checking')} />
  return <Form token={token} found={data} onDone={() => setDone(true)} />
}

function Form({ token, found, onDone }: { token: string; found: ResetCheck; onDone: () => void }) {
  const [password, setPassword] = useState('')
  const confirm = useMutation({
    mutationFn: () => api.post('/api/password-reset/confirm', { body: { token, password } }),
    onSuccess: () => {
      forgetLinkToken('/password-reset')
      onDone()
    },
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    confirm.mutate()
  }
  return (
    <>
      <DoorHeading title={t('reset.choose_title')}>{t('reset.choose', { name: found.display_name, email: found.email })}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <input type="hidden" autoComplete="username" value={found.email} readOnly />
        <PasswordField
          meter
          label={t('reset.password')}
          autoComplete="new-password"
          autoFocus
          required
          minLength={found.password_length_min}
          value={password}
          error={isApiError(confirm.error) ? confirm.error.field('password') : undefined}
          onChange={(event) => setPassword(event.target.value)}
        />
        <FormError error={confirm.error} fields={['password']} />
        <Button type="submit" size="lg" className="w-full" disabled={confirm.isPending || strengthOf(password) === 'weak'}>
          {t('reset.save')}
          {confirm.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
      </form>
    </>
  )
}

const Done = () => (
  <div className="grid justify-items-center gap-4 text-center" role="status">
    <Seal size={112} />
    <DoorHeading title={t('reset.done_title')}>{t('reset.done')}</DoorHeading>
    <Link to="/signin" className={btn('outline', 'lg', 'mt-3')}>
      {t('entry.to_signin')}
    </Link>
  </div>
)
