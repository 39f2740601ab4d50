import '@/lib/i18n/en/factors'
import '@/lib/i18n/en/signin'
import { useMutation } from '@tanstack/react-query'
import { ArrowRight, Fingerprint, LoaderCircle, type LucideIcon, Smartphone, Ticket } from 'lucide-react'
import { type FormEvent, useRef, useState } from 'react'
import { type FactorMethod, hasExpired, passkeyApi, type SecondFactorChallenge, type SecondFactorInput } from '@/api/account-queries'
import type { Session } from '@/api/types'
import { t } from '@/lib/i18n'
import { askForPasskey } from '@/lib/webauthn'
import { Button } from './button'
import { CodeField } from './code-field'
import { DoorHeading } from './door'
import { Field } from './field'
import { PasskeyProblem } from './passkey-problem'
import { useWait, Wait } from './wait'

const ICONS: Record<FactorMethod, LucideIcon> = { totp: Smartphone, passkey: Fingerprint, recovery_code: Ticket }

type Answer = Omit<SecondFactorInput, 'challenge' | 'passkey'> & { withPasskey?: boolean }
type SecondFactorStepProps = {
  challenge: SecondFactorChallenge
  onSession: (session: Session) => Promise<void>
  /** Back to the password; `expired` when the node no longer waits. */
  onRestart: (expired: boolean) => void
}

/** The password was right; now the second proof. */
export function SecondFactorStep({ challenge, onSession, onRestart }: SecondFactorStepProps) {
  const [method, setMethod] = useState<FactorMethod>(challenge.methods[0] ?? 'totp')
  const [code, setCode] = useState('')
  const field = useRef<HTMLInputElement>(null)
  const prove = useMutation({
    mutationFn: async ({ withPasskey, ...typed }: Answer) => {
      const options = withPasskey ? challenge.passkey_options : null
      const proof = options ? { passkey: await askForPasskey(options) } : typed
      return passkeyApi.post('/api/session/second-factor', { body: { challenge: challenge.challenge, ...proof } })
    },
    onSuccess: onSession,
    onError: (error) => {
      if (hasExpired(error)) return onRestart(true)
      setCode('')
      field.current?.focus()
    },
  })
  const seconds = useWait(prove.error)
  const others = challenge.methods.filter((other) => other !== method && (other !== 'passkey' || challenge.passkey_options))
  const choose = (next: FactorMethod) => {
    setMethod(next)
    setCode('')
    prove.reset()
    // Who chooses the passkey wants to use it: the browser asks at once.
    if (next === 'passkey') prove.mutate({ withPasskey: true })
  }
  const busy = prove.isPending || seconds > 0
  return (
    <>
      <DoorHeading title={t('signin.factor.title')}>{t(`signin.factor.${method}_lead`)}</DoorHeading>
      <div key={method} className="tabpanel mt-8 grid gap-5">
        {method === 'totp' ? (
          <CodeField
            ref={field}
            autoFocus
            label={t('signin.factor.code')}
            hint={t('signin.factor.code_hint')}
            value={code}
            onChange={setCode}
            onComplete={(whole) => prove.mutate({ code: whole })}
            busy={busy}
          />
        ) : null}
        {method === 'passkey' ? (
          <Button size="lg" className="w-full" disabled={busy} onClick={() => prove.mutate({ withPasskey: true })} autoFocus>
            {prove.isPending ? <Spinner /> : <Fingerprint size={18} aria-hidden="true" />}
            {t('signin.passkey')}
          </Button>
        ) : null}
        {method === 'recovery_code' ? <RecoveryForm busy={busy} onSend={(recovery_code) => prove.mutate({ recovery_code })} /> : null}
        {method === 'totp' && prove.isPending ? (
          <p role="status" className="flex items-center gap-2 text-[14px] text-ink-2">
            <Spinner />
            {t('signin.factor.checking')}
          </p>
        ) : null}
        {seconds > 0 ? <Wait seconds={seconds} /> : <PasskeyProblem error={prove.error} />}
      </div>
      <div className="mt-8 grid justify-items-start gap-1 border-t border-line pt-4">
        {others.map((other) => (
          <Other key={other} method={other} onChoose={() => choose(other)} />
        ))}
        <Button kind="quiet" size="sm" className="-ms-3.5" onClick={() => onRestart(false)}>
          {t('signin.factor.restart')}
        </Button>
      </div>
    </>
  )
}

const Spinner = () => <LoaderCircle size={17} className="animate-spin" aria-hidden="true" />

function Other({ method, onChoose }: { method: FactorMethod; onChoose: () => void }) {
  const Icon = ICONS[method]
  return (
    <Button kind="quiet" size="sm" className="-ms-3.5" onClick={onChoose}>
      <Icon size={16} className="text-brand" aria-hidden="true" />
      {t(`signin.factor.use_${method}`)}
    </Button>
  )
}

function RecoveryForm({ busy, onSend }: { busy: boolean; onSend: (code: string) => void }) {
  const [code, setCode] = useState('')
  const submit = (event: FormEvent) => {
    event.preventDefault()
    onSend(code.trim())
  }
  return (
    <form className="grid gap-5" onSubmit={submit}>
      <Field
        label={t('signin.factor.recovery')}
        hint={t('signin.factor.recovery_hint')}
        icon={Ticket}
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        autoFocus
        required
        maxLength={64}
        value={code}
        onChange={(event) => setCode(event.target.value)}
      />
      <Button type="submit" size="lg" className="w-full" disabled={busy || code.trim() === ''}>
        {t('signin.submit')}
        <ArrowRight size={17} className="rtl:-scale-x-100" aria-hidden="true" />
      </Button>
    </form>
  )
}
