import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { ArrowRight, AtSign, LoaderCircle, User } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { type AcceptInvitation, accountQueries, challengeIn, type InvitationCheck, type SecondFactorChallenge } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { adoptSession } from '@/api/session'
import type { Session } from '@/api/types'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState, errorText, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { forgetLinkToken, useLinkToken } from '@/components/link-token'
import { PasswordField } from '@/components/password-field'
import { SecondFactorStep } from '@/components/second-factor-step'
import { CheckingLink, ShutLink } from '@/components/shut-link'
import { rich, t } from '@/lib/i18n'
import { formatDateTime } from '@/lib/i18n/format'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'
import { roleTitle } from '@/lib/role-title'

/** An invitation by link: into an account that is there, or a new one. */
export default function Invitation() {
  const token = useLinkToken('/invitation')
  const { data, error, refetch } = useQuery({ ...accountQueries.invitation(token ?? ''), enabled: token !== null, retry: false })
  const [challenge, setChallenge] = useState<SecondFactorChallenge | null>(null)
  const enter = useEnter()
  const refused = isApiError(error) && error.status > 0 && error.status < 500
  if (challenge) {
    return (
      <Door label={t('entry.invitation.region')}>
        <SecondFactorStep challenge={challenge} onSession={enter} onRestart={() => setChallenge(null)} />
      </Door>
    )
  }
  return (
    <Door label={t('entry.invitation.region')}>
      {token === null ? <ShutLink title={t('entry.invitation.missing_title')} text={t('entry.invitation.missing')} /> : null}
      {refused ? <ShutLink title={t('entry.invitation.failed_title')} text={errorText(error)} /> : null}
      {error && !refused ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {token && !data && !error ? <CheckingLink title={t('entry.invitation.region')} label={t('entry.invitation.checking')} /> : null}
      {token && data ? <Form token={token} invitation={data} onSession={enter} onChallenge={setChallenge} /> : null}
    </Door>
  )
}

/** The person is in: the link is used up. */
function useEnter() {
  const client = useQueryClient()
  const navigate = useNavigate()
  return async (session: Session) => {
    forgetLinkToken('/invitation')
    adoptSession(client, session)
    await navigate({ to: '/', replace: true })
  }
}

const EMPTY = { email: '', display_name: '', password: '' }
const FIELDS = Object.keys(EMPTY)

type FormProps = {
  token: string
  invitation: InvitationCheck
  onSession: (session: Session) => Promise<void>
  onChallenge: (challenge: SecondFactorChallenge) => void
}

function Form({ token, invitation, onSession, onChallenge }: FormProps) {
  const [input, setInput] = useState({ ...EMPTY, email: invitation.email ?? '' })
  const known = invitation.has_account
  const accept = useMutation({
    mutationFn: () => {
      const person: Omit<AcceptInvitation, 'token'> = known
        ? { password: input.password }
        : { display_name: input.display_name.trim(), password: input.password }
      // An invitation for one address is for nobody else: the node knows it.
      return api.post('/api/invitations/accept', { body: { token, ...person, ...(invitation.email ? {} : { email: input.email }) } })
    },
    onSuccess: onSession,
    onError: (error) => {
      const challenge = challengeIn(error)
      if (challenge) onChallenge(challenge)
    },
  })
  const error = challengeIn(accept.error) ? null : accept.error
  const refusal = isApiError(error) ? error : undefined
  const field = (name: keyof typeof EMPTY) => ({
    value: input[name],
    error: refusal?.field(name),
    required: true,
    onChange: (event: { target: { value: string } }) => setInput((now) => ({ ...now, [name]: event.target.value })),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    accept.mutate()
  }
  return (
    <>
      <DoorHeading title={t('entry.invitation.title', { organisation: invitation.organisation.name })}>
        {rich(
          'entry.invitation.lead',
          { b: (words) => <b className="font-semibold text-ink">{words}</b> },
          { role: roleTitle(invitation.role, invitation.role_title), when: formatDateTime(invitation.expires_at) },
        )}
      </DoorHeading>
      <form className="mt-8 grid gap-5" onSubmit={submit}>
        {known ? <p className="rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] text-ink-2">{t('entry.invitation.known')}</p> : null}
        {known ? null : (
          <Field {...field('display_name')} autoFocus label={t('entry.name')} icon={User} autoComplete="name" maxLength={120} />
        )}
        <Field
          {...field('email')}
          label={t('entry.email')}
          hint={invitation.email ? undefined : t('entry.invitation.any_hint')}
          icon={AtSign}
          type="email"
          autoComplete="username"
          readOnly={invitation.email !== null}
        />
        {known ? (
          <PasswordField {...field('password')} autoFocus label={t('entry.invitation.current_password')} autoComplete="current-password" />
        ) : (
          <PasswordField
            {...field('password')}
            meter
            label={t('entry.password')}
            autoComplete="new-password"
            minLength={PASSWORD_LENGTH_MIN}
          />
        )}
        <FormError error={error} fields={FIELDS} />
        <Button
          type="submit"
          size="lg"
          className="w-full"
          disabled={accept.isPending || (!known && invitation.email !== null && strengthOf(input.password) === 'weak')}
        >
          {t('entry.invitation.submit')}
          {accept.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
      </form>
    </>
  )
}
