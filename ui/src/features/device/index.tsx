import '@/lib/i18n/en/consent'
import '@/lib/i18n/en/signin'
import { useMutation } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { ArrowRight, MonitorSmartphone } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { api } from '@/api/client'
import { isApiError } from '@/api/error'
import { useSession } from '@/api/session'
import type { Asked } from '@/api/token-queries'
import { AskedFor, Caution } from '@/components/asked-for'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { FormError } from '@/components/error-state'
import { Field } from '@/components/field'
import { Seal } from '@/components/seal'
import { t } from '@/lib/i18n'
import { codeOf, isWholeCode } from './code'

/** A device without a browser shows a code; the person types it here, sees what the device wants, and decides. */
export default function Device() {
  const { user_code } = useSearch({ from: '/device' })
  const [code, setCode] = useState(() => codeOf(user_code ?? ''))
  const check = useMutation({ mutationFn: (typed: string) => api.post('/api/oauth/device/check', { body: { user_code: typed } }) })
  const decide = useMutation({
    mutationFn: (allow: boolean) => api.post('/api/oauth/device/decide', { body: { user_code: code, allow } }),
  })
  const startOver = () => {
    setCode('')
    check.reset()
    decide.reset()
  }
  return (
    <Door label={t('device.region')}>
      {decide.isSuccess ? (
        <Done allowed={decide.variables} client={check.data?.client.name ?? ''} />
      ) : check.data ? (
        <Decide asked={check.data} code={code} decide={decide} onBack={startOver} />
      ) : (
        <Enter code={code} onCode={setCode} check={check} />
      )}
    </Door>
  )
}

type Checking = { mutate: (code: string) => void; isPending: boolean; error: unknown }
function Enter({ code, onCode, check }: { code: string; onCode: (code: string) => void; check: Checking }) {
  const submit = (event: FormEvent) => {
    event.preventDefault()
    check.mutate(code)
  }
  return (
    <>
      <DoorHeading title={t('device.title')}>{t('device.lead')}</DoorHeading>
      <form onSubmit={submit} className="mt-8 grid gap-5">
        <Field
          label={t('device.code')}
          hint={t('device.code_hint')}
          icon={MonitorSmartphone}
          autoComplete="one-time-code"
          autoCapitalize="characters"
          spellCheck={false}
          autoFocus
          required
          value={code}
          error={isApiError(check.error) ? check.error.field('user_code') : undefined}
          onChange={(event) => onCode(codeOf(event.target.value))}
        />
        <FormError error={check.error} fields={['user_code']} />
        <Button type="submit" size="lg" className="w-full" disabled={!isWholeCode(code) || check.isPending}>
          {t('action.continue')}
          <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
        </Button>
      </form>
    </>
  )
}

type Deciding = { mutate: (allow: boolean) => void; isPending: boolean; error: unknown }
type DecideProps = { asked: Asked; code: string; decide: Deciding; onBack: () => void }
function Decide({ asked, code, decide, onBack }: DecideProps) {
  const { person, organisation } = useSession()
  return (
    <>
      <DoorHeading title={t('consent.title', { client: asked.client.name })} />
      <div className="mt-7 grid gap-5">
        <AskedFor asked={asked} person={person.display_name} organisation={organisation.name} />
        <Caution>{t('device.caution', { code })}</Caution>
        <FormError error={decide.error} />
        <div className="grid gap-2.5 sm:grid-cols-2">
          <Button kind="outline" size="lg" disabled={decide.isPending} onClick={() => decide.mutate(false)}>
            {t('consent.deny')}
          </Button>
          <Button size="lg" disabled={decide.isPending} onClick={() => decide.mutate(true)}>
            {t('consent.allow')}
          </Button>
        </div>
        <Button kind="quiet" size="sm" className="justify-self-start" onClick={onBack}>
          {t('device.other')}
        </Button>
      </div>
    </>
  )
}

function Done({ allowed, client }: { allowed: boolean; client: string }) {
  return (
    <div role="status">
      {allowed ? (
        <div className="mb-6">
          <Seal size={80} tone="success" />
        </div>
      ) : null}
      <DoorHeading title={t(allowed ? 'device.allowed' : 'device.denied')}>
        {t(allowed ? 'device.allowed_text' : 'device.denied_text', { client })}
      </DoorHeading>
    </div>
  )
}
