import '@/lib/i18n/en/signin'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { ArrowRight, AtSign, BadgeCheck, KeyRound } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { setCsrfToken } from '@/api/client'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { Field, Segmented } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { rich, t } from '@/lib/i18n'
import { api } from '../api/client'
import { sessionQuery } from '../session'

type Who = 'customer' | 'staff'

/** Two doors: an access code for customers, e-mail and password for the vendor's staff. */
export function SignIn() {
  const [who, setWho] = useState<Who>('customer')
  return (
    <Door
      label={t('signin.region')}
      badge={<Badge />}
      headline={rich('portal.door_headline', { shine: (words) => <span className="shine">{words}</span> })}
      promise={t('portal.door_promise')}
    >
      <DoorHeading title={t('portal.signin_title')}>{t('portal.signin_lead')}</DoorHeading>
      <Segmented
        label={t('portal.signin_who')}
        className="mt-6 w-full"
        value={who}
        onChange={setWho}
        items={[
          ['customer', t('portal.signin_customer')],
          ['staff', t('portal.signin_staff')],
        ]}
      />
      {who === 'customer' ? <CustomerForm /> : <StaffForm />}
    </Door>
  )
}

const Badge = () => (
  <span className="pane inline-flex h-9 items-center gap-2 rounded-full px-3.5 text-[13px] font-medium whitespace-nowrap">
    <BadgeCheck size={15} className="text-success" aria-hidden="true" />
    {t('portal.door_badge')}
  </span>
)

function useSignIn<Input>(send: (input: Input) => ReturnType<typeof signInStaff>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: send,
    onSuccess: (session) => {
      setCsrfToken(session.csrf_token ?? null)
      client.setQueryData(sessionQuery.queryKey, session)
    },
  })
}

const signInStaff = (body: { email: string; password: string }) => api.post('/api/session', { body })
const signInCustomer = (body: { code: string }) => api.post('/api/session/portal', { body })

function CustomerForm() {
  const [code, setCode] = useState('')
  const signIn = useSignIn(signInCustomer)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate({ code })
  }
  return (
    <form className="mt-6 grid gap-5" onSubmit={submit}>
      <Field
        label={t('portal.signin_code')}
        hint={t('portal.signin_code_hint')}
        icon={KeyRound}
        autoComplete="one-time-code"
        spellCheck={false}
        required
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <Submit busy={signIn.isPending} error={signIn.error} />
    </form>
  )
}

function StaffForm() {
  const [input, setInput] = useState({ email: '', password: '' })
  const signIn = useSignIn(signInStaff)
  const submit = (event: FormEvent) => {
    event.preventDefault()
    signIn.mutate(input)
  }
  return (
    <form className="mt-6 grid gap-5" onSubmit={submit}>
      <Field
        label={t('signin.email')}
        icon={AtSign}
        type="email"
        autoComplete="username"
        required
        value={input.email}
        onChange={(event) => setInput((now) => ({ ...now, email: event.target.value }))}
      />
      <PasswordField
        label={t('signin.password')}
        autoComplete="current-password"
        required
        value={input.password}
        onChange={(event) => setInput((now) => ({ ...now, password: event.target.value }))}
      />
      <Submit busy={signIn.isPending} error={signIn.error} />
    </form>
  )
}

const Submit = ({ busy, error }: { busy: boolean; error: unknown }) => (
  <>
    <FormError error={error} />
    <Button type="submit" size="lg" className="w-full" disabled={busy}>
      {t('signin.submit')}
      <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
    </Button>
  </>
)
