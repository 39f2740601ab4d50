import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ArrowRight, LoaderCircle } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { isSession } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { adoptSession } from '@/api/session'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { errorText, FormError } from '@/components/error-state'
import { forgetLinkToken, useLinkToken } from '@/components/link-token'
import { PasswordField } from '@/components/password-field'
import { ShutLink } from '@/components/shut-link'
import { useWait, Wait } from '@/components/wait'
import { t } from '@/lib/i18n'
import { Waiting } from './waiting'

/** Proves the address of a sign-up by the link that came by mail, and that it is the one who asked, by the password. */
export default function VerifyAddress() {
  const token = useLinkToken('/sign-up/verify')
  const [waiting, setWaiting] = useState(false)
  return (
    <Door label={t('entry.signup.region')}>
      {token === null && !waiting ? <ShutLink title={t('entry.invitation.missing_title')} text={t('entry.invitation.missing')} /> : null}
      {waiting ? <Waiting /> : null}
      {token && !waiting ? <Form token={token} onWaiting={() => setWaiting(true)} /> : null}
    </Door>
  )
}

function Form({ token, onWaiting }: { token: string; onWaiting: () => void }) {
  const [password, setPassword] = useState('')
  const client = useQueryClient()
  const navigate = useNavigate()
  const verify = useMutation({
    mutationFn: () => api.post('/api/sign-up/verify', { body: { token, password } }),
    onSuccess: async (answer) => {
      forgetLinkToken('/sign-up/verify')
      if (!isSession(answer)) return onWaiting()
      adoptSession(client, answer)
      await navigate({ to: '/', replace: true })
    },
  })
  const seconds = useWait(verify.error)
  const { error } = verify
  // A wrong password or a pause can be mended here; anything else is the end of this link.
  const isOver = isApiError(error) && error.status >= 400 && error.status < 500 && ![401, 429].includes(error.status)
  if (isOver) return <ShutLink title={t('entry.verify.failed_title')} text={errorText(error)} />
  const submit = (event: FormEvent) => {
    event.preventDefault()
    verify.mutate()
  }
  return (
    <>
      <DoorHeading title={t('entry.verify.title')}>{t('entry.verify.lead')}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <PasswordField
          label={t('entry.verify.password')}
          autoComplete="current-password"
          autoFocus
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
        />
        {seconds > 0 ? <Wait seconds={seconds} /> : <FormError error={error} />}
        <Button type="submit" size="lg" className="w-full" disabled={password === '' || verify.isPending || seconds > 0}>
          {t('entry.verify.submit')}
          {verify.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
      </form>
    </>
  )
}
