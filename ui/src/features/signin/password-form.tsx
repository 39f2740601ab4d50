import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { ArrowRight, AtSign, LoaderCircle, User } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import { challengeIn, type SecondFactorChallenge, type SignInOptions } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import type { LoginInput, Session } from '@/api/types'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { useWait, Wait } from '@/components/wait'
import { t } from '@/lib/i18n'

type PasswordFormProps = {
  directories: SignInOptions['directories']
  /** Whether a forgotten password can be reset by mail. */
  resets: boolean
  /** Whether who belongs to no organisation may make one. */
  owns: boolean
  onSession: (session: Session) => Promise<void>
  onChallenge: (challenge: SecondFactorChallenge) => void
}

/** E-mail, or a name of the directory, and a password. */
export function PasswordForm({ directories, resets, owns, onSession, onChallenge }: PasswordFormProps) {
  const [input, setInput] = useState<LoginInput>({ email: '', password: '' })
  const password = useRef<HTMLInputElement>(null)
  const signIn = useMutation({
    mutationFn: (body: LoginInput) => api.post('/api/session', { body }),
    onSuccess: onSession,
    onError: (error) => {
      const challenge = challengeIn(error)
      if (challenge) onChallenge(challenge)
      else if (isApiError(error, 'wrong_credentials')) password.current?.select()
    },
  })
  const error = challengeIn(signIn.error) ? null : signIn.error
  const seconds = useWait(error)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    announce(t('signin.busy'))
    signIn.mutate(input)
  }
  const busy = signIn.isPending
  const known = directories.length > 0
  return (
    <form className="grid gap-5" onSubmit={submit}>
      <Field
        label={known ? t('signin.login') : t('signin.email')}
        hint={known ? t('signin.directory', { names: directories.map((directory) => directory.name).join(', ') }) : undefined}
        icon={known ? User : AtSign}
        type={known ? 'text' : 'email'}
        name="email"
        autoComplete="username"
        autoCapitalize="none"
        spellCheck={false}
        required
        autoFocus
        value={input.email}
        onChange={(event) => setInput((now) => ({ ...now, email: event.target.value }))}
      />
      <PasswordField
        ref={password}
        label={t('signin.password')}
        name="password"
        autoComplete="current-password"
        required
        value={input.password}
        onChange={(event) => setInput((now) => ({ ...now, password: event.target.value }))}
      />
      {resets ? (
        <Link to="/password-reset" className="-mt-2 w-fit text-[14px] font-medium text-brand underline-offset-4 hover:underline">
          {t('signin.forgot')}
        </Link>
      ) : null}
      {seconds > 0 ? <Wait seconds={seconds} /> : <FormError error={error} />}
      {isApiError(error, 'no_organisation') && owns ? <OwnOrganisation /> : null}
      <Button type="submit" size="lg" className="w-full" disabled={busy || seconds > 0}>
        {t('signin.submit')}
        {busy ? (
          <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
        ) : (
          <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
        )}
      </Button>
    </form>
  )
}

/** The way on for who has an account and no organisation. */
export const OwnOrganisation = () => (
  <p className="text-[14px] text-ink-2">
    {t('signin.own')}{' '}
    <Link to="/sign-up" hash="own-organisation" className="font-medium text-brand underline-offset-4 hover:underline">
      {t('signin.own_make')}
    </Link>
  </p>
)
