import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/factors'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowRight, AtSign, DoorClosed, LoaderCircle } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { accountQueries, challengeIn, type SecondFactorChallenge } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { adoptSession } from '@/api/session'
import type { LoginInput, Session } from '@/api/types'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { SecondFactorStep } from '@/components/second-factor-step'
import { CheckingLink } from '@/components/shut-link'
import { useWait, Wait } from '@/components/wait'
import { t } from '@/lib/i18n'

/** Who has an account and belongs to no organisation any more makes one that is theirs alone, where people may make accounts by themselves. */
export function OwnOrganisation() {
  const { data, error, refetch } = useQuery(accountQueries.signUp())
  const [challenge, setChallenge] = useState<SecondFactorChallenge | null>(null)
  const client = useQueryClient()
  const navigate = useNavigate()
  const enter = async (session: Session) => {
    adoptSession(client, session)
    await navigate({ to: '/', replace: true })
  }
  if (challenge) {
    return (
      <Door label={t('entry.own.region')}>
        <SecondFactorStep challenge={challenge} onSession={enter} onRestart={() => setChallenge(null)} />
      </Door>
    )
  }
  return (
    <Door label={t('entry.own.region')}>
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <CheckingLink title={t('entry.own.region')} label={t('loading.page')} />}
      {data && data.mode !== 'off' ? <Form onSession={enter} onChallenge={setChallenge} /> : null}
      {data?.mode === 'off' ? <Closed /> : null}
    </Door>
  )
}

type FormProps = { onSession: (session: Session) => Promise<void>; onChallenge: (challenge: SecondFactorChallenge) => void }

function Form({ onSession, onChallenge }: FormProps) {
  const [input, setInput] = useState<LoginInput>({ email: '', password: '' })
  const make = useMutation({
    mutationFn: async (body: LoginInput) => {
      // Whoever made it before and stopped at the second step goes on there.
      await api.post('/api/account/organisation', { body }).catch((error: unknown) => {
        if (!isApiError(error, 'already_a_member')) throw error
      })
      return api.post('/api/session', { body })
    },
    onSuccess: onSession,
    onError: (error) => {
      const challenge = challengeIn(error)
      if (challenge) onChallenge(challenge)
    },
  })
  const error = challengeIn(make.error) ? null : make.error
  const seconds = useWait(error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    make.mutate(input)
  }
  return (
    <>
      <DoorHeading title={t('entry.own.title')}>{t('entry.own.lead')}</DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        <Field
          label={t('entry.email')}
          icon={AtSign}
          type="email"
          autoComplete="username"
          required
          autoFocus
          value={input.email}
          onChange={(event) => setInput((now) => ({ ...now, email: event.target.value }))}
        />
        <PasswordField
          label={t('entry.invitation.current_password')}
          autoComplete="current-password"
          required
          value={input.password}
          onChange={(event) => setInput((now) => ({ ...now, password: event.target.value }))}
        />
        {seconds > 0 ? <Wait seconds={seconds} /> : <FormError error={error} />}
        <Button type="submit" size="lg" className="w-full" disabled={make.isPending || seconds > 0}>
          {t('entry.own.submit')}
          {make.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
        <ToSignIn />
      </form>
    </>
  )
}

const Closed = () => (
  <>
    <DoorClosed size={30} className="mb-4 text-ink-3" aria-hidden="true" />
    <DoorHeading title={t('entry.own.closed_title')}>{t('entry.own.closed')}</DoorHeading>
    <div className="mt-6">
      <ToSignIn />
    </div>
  </>
)

const ToSignIn = () => (
  <Link to="/signin" className="w-fit text-[14px] font-medium text-brand underline-offset-4 hover:underline">
    {t('entry.to_signin')}
  </Link>
)
