import '@/lib/i18n/en/factors'
import '@/lib/i18n/en/signin'
import { useQuery } from '@tanstack/react-query'
import { Link, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { accountQueries, type SecondFactorChallenge, type SignInOptions } from '@/api/account-queries'
import { queries } from '@/api/queries'
import { Door, DoorHeading } from '@/components/door'
import { SecondFactorStep } from '@/components/second-factor-step'
import { t } from '@/lib/i18n'
import { safeNext } from '@/lib/safe-next'
import { useEnter } from './enter'
import { Failure } from './failure'
import { OtherWays } from './other-ways'
import { OwnOrganisation, PasswordForm } from './password-form'

/** What every node can do, where it does not say what else. */
const PASSWORD_ONLY: SignInOptions = {
  password: true,
  passkey: false,
  directories: [],
  providers: [],
  sign_up: 'off',
  password_reset: false,
}

export default function SignIn() {
  const { next } = useSearch({ from: '/signin' })
  const [challenge, setChallenge] = useState<SecondFactorChallenge | null>(null)
  const [expired, setExpired] = useState(false)
  const enter = useEnter(safeNext(next))
  const restart = (late: boolean) => {
    setExpired(late)
    setChallenge(null)
  }
  return (
    <Door label={t('signin.region')}>
      {challenge ? (
        <SecondFactorStep challenge={challenge} onSession={enter} onRestart={restart} />
      ) : (
        <FirstStep expired={expired} next={safeNext(next)} onSession={enter} onChallenge={setChallenge} />
      )}
    </Door>
  )
}

type FirstStepProps = {
  expired: boolean
  next: string
  onSession: ReturnType<typeof useEnter>
  onChallenge: (challenge: SecondFactorChallenge) => void
}

function FirstStep({ expired, next, onSession, onChallenge }: FirstStepProps) {
  const { ended, error, reference } = useSearch({ from: '/signin' })
  const { data: node } = useQuery(queries.setup())
  const { data } = useQuery({ ...accountQueries.signIn(), retry: false })
  const ways = data ?? PASSWORD_ONLY
  const owns = ways.sign_up !== 'off'
  const others = ways.passkey || ways.providers.length > 0
  const form = (
    <PasswordForm directories={ways.directories} resets={ways.password_reset} owns={owns} onSession={onSession} onChallenge={onChallenge} />
  )
  return (
    <>
      <DoorHeading title={t('signin.title')}>{node ? t('signin.lead', { node: node.node_name }) : '\u00a0'}</DoorHeading>
      {ended ? <Note>{t('signin.ended')}</Note> : null}
      {expired ? <Note>{t('signin.expired')}</Note> : null}
      {error ? <Failure error={error} reference={reference} /> : null}
      <div className="mt-8 grid gap-5">
        {others ? <OtherWays ways={ways} next={next} onSession={onSession} /> : null}
        {others && ways.password ? <Divider>{t('signin.or')}</Divider> : null}
        {ways.password ? form : <Folded>{form}</Folded>}
      </div>
      <div className="mt-8 border-t border-line pt-5 text-[13px] text-ink-3">
        {ways.sign_up === 'off' ? null : (
          <p className="mb-3 text-[14px] text-ink-2">
            {t('signin.no_account')}{' '}
            <Link to="/sign-up" className="font-medium text-brand underline-offset-4 hover:underline">
              {t('signin.sign_up')}
            </Link>
          </p>
        )}
        <details>
          <summary className="w-fit cursor-pointer list-none rounded-lg py-1 text-[14px] font-medium text-brand underline-offset-4 hover:underline">
            {t('signin.help')}
          </summary>
          <p className="mt-2 mb-3 text-[13.5px] text-ink-2">{t('signin.help_text')}</p>
          {owns ? <OwnOrganisation /> : null}
        </details>
        {node ? (
          <p className="mt-3 font-mono text-[12.5px]">{t('signin.version', { version: node.version, node: node.node_name })}</p>
        ) : null}
      </div>
    </>
  )
}

const Note = ({ children }: { children: ReactNode }) => (
  <p role="status" className="mt-5 rounded-[14px] bg-surface-2 px-4 py-3 text-[14px] text-ink-2">
    {children}
  </p>
)

const Divider = ({ children }: { children: ReactNode }) => (
  <p className="flex items-center gap-4 text-[13px] text-ink-3 before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
    {children}
  </p>
)

/** Local administrators get in with their password whatever the rules say, so the way is there, but not in the way. */
const Folded = ({ children }: { children: ReactNode }) => (
  <details className="group">
    <summary className="w-fit cursor-pointer list-none rounded-lg py-1 text-[14px] font-medium text-brand underline-offset-4 hover:underline">
      {t('signin.with_password')}
    </summary>
    <div className="mt-4">{children}</div>
  </details>
)
