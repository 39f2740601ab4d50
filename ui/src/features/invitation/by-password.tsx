import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, AtSign, LoaderCircle, User } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { type AcceptInvitation, challengeIn, type InvitationCheck, type SecondFactorChallenge } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import type { Session } from '@/api/types'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field, Segmented } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'

const EMPTY = { email: '', display_name: '', password: '' }
const FIELDS = Object.keys(EMPTY)

type ByPasswordProps = {
  token: string
  invitation: InvitationCheck
  onSession: (session: Session) => Promise<void>
  onChallenge: (challenge: SecondFactorChallenge) => void
}

/**
 * Joining while nobody is signed in. Whoever opens the link says whether they have an account: the node does not, since who made the link
 * could ask it too.
 */
export function ByPassword({ token, invitation, onSession, onChallenge }: ByPasswordProps) {
  const [known, setKnown] = useState(false)
  const [input, setInput] = useState({ ...EMPTY, email: invitation.email ?? '' })
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
  const choose = (way: 'new' | 'known') => {
    accept.reset()
    setKnown(way === 'known')
  }
  return (
    <form className="mt-8 grid gap-5" onSubmit={submit}>
      <Segmented
        label={t('entry.invitation.ways')}
        value={known ? 'known' : 'new'}
        onChange={choose}
        items={[
          ['new', t('entry.invitation.way_new')],
          ['known', t('entry.invitation.way_known')],
        ]}
        className="flex"
      />
      {known ? null : <Field {...field('display_name')} label={t('entry.name')} icon={User} autoComplete="name" maxLength={120} />}
      <Field
        {...field('email')}
        label={t('entry.email')}
        icon={AtSign}
        type="email"
        autoComplete="username"
        readOnly={invitation.email !== null}
      />
      {known ? (
        <PasswordField {...field('password')} label={t('entry.invitation.current_password')} autoComplete="current-password" />
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
      {known ? (
        <p className="text-[14px] text-ink-2">
          {t('entry.invitation.no_password')}{' '}
          <Link to="/signin" search={{ next: '/invitation' }} className="font-medium text-brand underline-offset-4 hover:underline">
            {t('entry.invitation.sign_in_first')}
          </Link>
        </p>
      ) : null}
    </form>
  )
}
