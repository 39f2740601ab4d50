import { useMutation } from '@tanstack/react-query'
import { Building2, Fingerprint, LoaderCircle } from 'lucide-react'
import { passkeyApi, type SignInOptions } from '@/api/account-queries'
import type { Session } from '@/api/types'
import { Button, btn } from '@/components/button'
import { PasskeyProblem } from '@/components/passkey-problem'
import { t } from '@/lib/i18n'
import { askForPasskey, passkeyObstacle } from '@/lib/webauthn'
import { pathWithNext } from './path'

type OtherWaysProps = { ways: SignInOptions; next: string; onSession: (session: Session) => Promise<void> }

/** Single sign-on and passkeys, which need no password. */
export function OtherWays({ ways, next, onSession }: OtherWaysProps) {
  return (
    <div className="grid gap-2.5">
      {ways.providers.map((provider) => (
        <a key={provider.id} href={pathWithNext(provider.login_path, next)} className={btn('outline', 'lg', 'w-full')}>
          <Building2 size={18} className="shrink-0 text-brand" aria-hidden="true" />
          <span className="truncate">{t('signin.provider', { name: provider.name })}</span>
        </a>
      ))}
      {ways.passkey ? <PasskeyButton onSession={onSession} /> : null}
    </div>
  )
}

function PasskeyButton({ onSession }: { onSession: (session: Session) => Promise<void> }) {
  const obstacle = passkeyObstacle()
  const signIn = useMutation({
    mutationFn: async () => {
      const { challenge, options } = await passkeyApi.post('/api/session/passkey/options', { body: {} })
      const credential = await askForPasskey(options)
      return passkeyApi.post('/api/session/passkey', { body: { challenge, credential } })
    },
    onSuccess: onSession,
  })
  return (
    <>
      <Button
        kind="outline"
        size="lg"
        className="w-full"
        disabled={obstacle !== null || signIn.isPending}
        aria-describedby={obstacle ? 'passkey-obstacle' : undefined}
        onClick={() => signIn.mutate()}
      >
        {signIn.isPending ? (
          <LoaderCircle size={18} className="animate-spin text-brand" aria-hidden="true" />
        ) : (
          <Fingerprint size={18} className="text-brand" aria-hidden="true" />
        )}
        {t('signin.passkey')}
      </Button>
      {obstacle ? (
        <p id="passkey-obstacle" className="px-1 text-[13px] text-ink-3">
          {t(`factors.passkey.${obstacle}`)}
        </p>
      ) : null}
      <PasskeyProblem error={signIn.error} />
    </>
  )
}
