import '@/lib/i18n/en/signin'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { ArrowRight, AtSign, LoaderCircle } from 'lucide-react'
import { type FormEvent, useEffect, useRef, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { queries } from '@/api/queries'
import { adoptSession } from '@/api/session'
import type { LoginInput } from '@/api/types'
import { announce } from '@/components/announcer'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { PasswordField } from '@/components/password-field'
import { t } from '@/lib/i18n'
import { safeNext } from '@/lib/safe-next'

export default function SignIn() {
  const { next, ended } = useSearch({ from: '/signin' })
  const { data: node } = useQuery(queries.setup())
  return (
    <Door label={t('signin.region')}>
      <DoorHeading title={t('signin.title')}>{node ? t('signin.lead', { node: node.node_name }) : '\u00a0'}</DoorHeading>
      {ended ? <p className="mt-5 rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] text-ink-2">{t('signin.ended')}</p> : null}
      <Form next={safeNext(next)} />
      <div className="mt-8 border-t border-line pt-5 text-[13px] text-ink-3">
        <details>
          <summary className="w-fit cursor-pointer list-none rounded-lg py-1 text-[14px] font-medium text-brand underline-offset-4 hover:underline">
            {t('signin.help')}
          </summary>
          <p className="mt-2 text-[13.5px] text-ink-2">{t('signin.help_text')}</p>
        </details>
        {node ? (
          <p className="mt-3 font-mono text-[12.5px]">{t('signin.version', { version: node.version, node: node.node_name })}</p>
        ) : null}
      </div>
    </Door>
  )
}

function Form({ next }: { next: string }) {
  const [input, setInput] = useState<LoginInput>({ email: '', password: '' })
  const client = useQueryClient()
  const navigate = useNavigate()
  const password = useRef<HTMLInputElement>(null)
  const signIn = useMutation({
    mutationFn: (body: LoginInput) => api.post('/api/session', { body }),
    onSuccess: async (session) => {
      adoptSession(client, session)
      await navigate({ href: next, replace: true })
    },
    onError: (error) => {
      if (isApiError(error, 'wrong_credentials')) password.current?.select()
    },
  })
  const [seconds, restart] = useCountdown()
  const { error } = signIn
  useEffect(() => {
    if (isApiError(error, 'too_many_attempts') && error.retry_after_seconds) restart(error.retry_after_seconds)
  }, [error, restart])
  const submit = (event: FormEvent) => {
    event.preventDefault()
    announce(t('signin.busy'))
    signIn.mutate(input)
  }
  const busy = signIn.isPending
  return (
    <form className="mt-8 grid gap-5" onSubmit={submit}>
      <Field
        label={t('signin.email')}
        icon={AtSign}
        type="email"
        name="email"
        autoComplete="username"
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
      {seconds > 0 ? (
        <p role="status" className="rounded-[14px] border border-warn/40 bg-warn/10 px-3.5 py-3 text-[14px] text-warn">
          {t('signin.wait', { seconds })}
        </p>
      ) : (
        <FormError error={error} />
      )}
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

/** Seconds left to wait, and the way to start again. */
function useCountdown(): [seconds: number, restart: (seconds: number) => void] {
  const [seconds, setSeconds] = useState(0)
  const running = seconds > 0
  useEffect(() => {
    if (!running) return
    const timer = setInterval(() => setSeconds((left) => Math.max(0, left - 1)), 1_000)
    return () => clearInterval(timer)
  }, [running])
  return [seconds, setSeconds]
}
