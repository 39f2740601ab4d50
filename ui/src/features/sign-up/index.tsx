import '@/lib/i18n/en/entry'
import '@/lib/i18n/en/signin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ArrowRight, AtSign, Building2, DoorClosed, LoaderCircle, User } from 'lucide-react'
import { type FormEvent, type ReactNode, useState } from 'react'
import { accountApi, accountQueries, isSession, type SignUpInput, type SignUpMode } from '@/api/account-queries'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { adoptSession } from '@/api/session'
import { Button, btn } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState, FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { Seal } from '@/components/seal'
import { Bone } from '@/components/skeleton'
import { t } from '@/lib/i18n'
import { PASSWORD_LENGTH_MIN, strengthOf } from '@/lib/password'

/** Who comes by themselves: an account and an organisation, at once or after an administrator has looked at it. */
export default function SignUp() {
  const { data, error, refetch } = useQuery(accountQueries.signUp())
  const [waiting, setWaiting] = useState<string | null>(null)
  return (
    <Door label={t('entry.signup.region')}>
      {waiting ? <Waiting email={waiting} /> : null}
      {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
      {data || error ? null : <Loading />}
      {!waiting && data?.mode === 'off' ? <Closed /> : null}
      {!waiting && data && data.mode !== 'off' ? <Form mode={data.mode} onWaiting={setWaiting} /> : null}
    </Door>
  )
}

const EMPTY: SignUpInput = { email: '', display_name: '', password: '', organisation: '' }
const FIELDS = ['email', 'display_name', 'password', 'organisation'] as const

function Form({ mode, onWaiting }: { mode: SignUpMode; onWaiting: (email: string) => void }) {
  const [input, setInput] = useState(EMPTY)
  const { data: node } = useQuery(queries.setup())
  const client = useQueryClient()
  const navigate = useNavigate()
  const signUp = useMutation({
    mutationFn: (body: SignUpInput) => accountApi.post('/api/sign-up', { body }),
    onSuccess: async (answer) => {
      if (!isSession(answer)) return onWaiting(input.email)
      adoptSession(client, answer)
      await navigate({ to: '/', replace: true })
    },
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
  return (
    <>
      <DoorHeading title={t('entry.signup.title')}>{node ? t('entry.signup.lead', { node: node.node_name }) : '\u00a0'}</DoorHeading>
      {mode === 'approval' ? (
        <p className="mt-4 rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] text-ink-2">{t('entry.signup.approval')}</p>
      ) : null}
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

function Centre({ art, title, children }: { art: ReactNode; title: string; children: ReactNode }) {
  return (
    <div className="grid justify-items-center gap-4 text-center" role="status">
      {art}
      <DoorHeading title={title}>{children}</DoorHeading>
      <Link to="/signin" className={btn('outline', 'lg', 'mt-3')}>
        {t('entry.to_signin')}
      </Link>
    </div>
  )
}

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

const Waiting = ({ email }: { email: string }) => (
  <Centre title={t('entry.signup.waiting_title')} art={<Seal size={112} />}>
    {t('entry.signup.waiting', { email })}
  </Centre>
)
