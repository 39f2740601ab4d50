import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery } from '@tanstack/react-query'
import { Link, useLocation } from '@tanstack/react-router'
import { ArrowRight, AtSign, Building2, DoorClosed, LoaderCircle, User } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { accountQueries, type SignUpInput, type SignUpState } from '@/api/account-queries'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'
import { OwnOrganisation } from './own-organisation'
import { Centre, MailSent, Waiting } from './waiting'

/** Who comes by themselves, with an account already or without one. */
export default function SignUp() {
  const hash = useLocation({ select: (location) => location.hash })
  return hash === 'own-organisation' ? <OwnOrganisation /> : <NewAccount />
}

/** An account and an organisation, at once or after an administrator has looked at it. */
function NewAccount() {
  const { data, error, refetch } = useQuery(accountQueries.signUp())
  const [asked, setAsked] = useState<Asked | null>(null)
  return (
    <Door label={t('entry.signup.region')}>
      {asked?.state === 'waiting' ? <Waiting email={asked.email} /> : null}
      {asked?.state === 'verify_email' ? <MailSent email={asked.email} /> : null}
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <Loading />}
      {!asked && data?.mode === 'off' ? <Closed /> : null}
      {!asked && data && data.mode !== 'off' ? <Form state={data} onAsked={setAsked} /> : null}
    </Door>
  )
}

/** Who asked, and whose turn it is. */
type Asked = { email: string; state: string }

const EMPTY: SignUpInput = { email: '', display_name: '', password: '', organisation: '' }
const FIELDS = ['email', 'display_name', 'password', 'organisation'] as const

function Form({ state, onAsked }: { state: SignUpState; onAsked: (asked: Asked) => void }) {
  const [input, setInput] = useState(EMPTY)
  const { data: node } = useQuery(queries.setup())
  const signUp = useMutation({
    mutationFn: (body: SignUpInput) => api.post('/api/sign-up', { body }),
    onSuccess: (answer) => onAsked({ email: input.email, state: answer.state }),
  })
  const refusal = isApiError(signUp.error) ? signUp.error : undefined
  const field = (name: keyof SignUpInput) => ({
    value: input[name],
    error: refusal?.field(name),
    required: true,
    onChange: (event: { target: { value: string } }) => setInput((now) => ({ ...now, [name]: event.target.value })),
  })
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signUp.mutate(input)
  }
  const notes = [state.verifies_email ? t('entry.signup.verifies') : null, state.mode === 'approval' ? t('entry.signup.approval') : null]
  const note = notes.filter((part) => part !== null).join(' ')
  return (
    <>
      <DoorHeading title={t('entry.signup.title')}>{node ? t('entry.signup.lead', { node: node.node_name }) : '\u00a0'}</DoorHeading>
      {note ? <p className="mt-4 rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] text-ink-2">{note}</p> : null}
      <form className="mt-7 grid gap-5" onSubmit={submit}>
        <Field {...field('display_name')} autoFocus label={t('entry.name')} icon={User} autoComplete="name" maxLength={120} />
        <Field
          {...field('organisation')}
          label={t('entry.signup.organisation')}
          hint={t('entry.signup.organisation_hint')}
          icon={Building2}
          autoComplete="organization"
          maxLength={120}
        />
        <Field
          {...field('email')}
          label={t('entry.email')}
          hint={t('entry.email_hint')}
          icon={AtSign}
          type="email"
          autoComplete="username"
        />
        <PasswordField
          {...field('password')}
          meter
          label={t('entry.password')}
          autoComplete="new-password"
          minLength={PASSWORD_LENGTH_MIN}
        />
        <FormError error={signUp.error} fields={FIELDS} />
        <Button type="submit" size="lg" className="w-full" disabled={signUp.isPending || strengthOf(input.password) === 'weak'}>
          {t('entry.signup.submit')}
          {signUp.isPending ? (
            <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />
          ) : (
            <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
          )}
        </Button>
        <p className="text-[14px] text-ink-2">
          {t('entry.signup.have')}{' '}
          <Link to="/signin" className="font-medium text-brand underline-offset-4 hover:underline">
            {t('entry.signin')}
          </Link>
        </p>
      </form>
    </>
  )
}

const Loading = () => (
  <div role="status" aria-label={t('loading.page')} className="grid gap-5">
    <Bone className="h-8 w-3/5" />
    <Bone className="h-12 w-full" />
    <Bone className="h-12 w-full" />
  </div>
)

const Closed = () => (
  <Centre
    title={t('entry.signup.closed_title')}
    art={
      <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
        <DoorClosed size={36} strokeWidth={1.8} aria-hidden="true" />
      </span>
    }
  >
    {t('entry.signup.closed')}
  </Centre>
)
