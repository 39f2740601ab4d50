import '@/lib/i18n/en/factors'
import '@/lib/i18n/en/security'
import '@/lib/i18n/en/signin'
import { useQuery, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Fingerprint, type LucideIcon, Smartphone } from 'lucide-react'
import { useState } from 'react'
import { accountQueries, readSessionAnew } from '@/api/account-queries'
import { adoptSession, useSession } from '@/api/session'
import { signOut } from '@/api/sign-out'
import { Button } from '@/components/button'
import { Door, DoorHeading } from '@/components/door'
import { ErrorState } from '@/components/error-state'
import { RowsSkeleton } from '@/components/skeleton'
import { Toaster, toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { passkeyObstacle } from '@/lib/webauthn'
import { AddPasskey } from './add-passkey'
import { CodesStep } from './codes-step'
import { TotpSteps } from './totp-setup'

type Way = 'app' | 'passkey'

/** The organisation asks for a second step and this person has none: nothing else opens before they do. */
export default function MustSetUp() {
  const { data, error, refetch } = useQuery(accountQueries.security())
  const [way, setWay] = useState<Way | null>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const session = useSession()
  const client = useQueryClient()
  const navigate = useNavigate()
  const enter = () =>
    readSessionAnew()
      .then((fresh) => adoptSession(client, fresh))
      .then(() => navigate({ to: '/', replace: true }))
      .catch(toast.error)
  const onCodes = (fresh: string[] | null) => (fresh && fresh.length > 0 ? setCodes(fresh) : void enter())
  if (codes) {
    return (
      <Door label={t('security.must.region')}>
        <DoorHeading title={t('security.codes.title')} />
        <div className="mt-7">
          <CodesStep codes={codes} done={t('security.must.continue')} onDone={() => void enter()} />
        </div>
        <Toaster />
      </Door>
    )
  }
  return (
    <Door label={t('security.must.region')}>
      <DoorHeading title={t('security.must.title')}>{t('security.must.lead')}</DoorHeading>
      <div className="mt-7">
        {error ? <ErrorState error={error} onRetry={() => void refetch()} /> : null}
        {data || error ? null : <RowsSkeleton rows={2} />}
        {data && way === null ? <Choice onChoose={setWay} /> : null}
        {data && way === 'app' ? <TotpSteps onCodes={onCodes} /> : null}
        {data && way === 'passkey' ? <AddPasskey onAdded={(passkey) => onCodes(passkey.recovery_codes)} /> : null}
      </div>
      <div className="mt-6 grid justify-items-start gap-1 border-t border-line pt-4">
        {way ? (
          <Button kind="quiet" size="sm" className="-ms-3.5" onClick={() => setWay(null)}>
            {t('security.must.other')}
          </Button>
        ) : null}
        <Button kind="quiet" size="sm" className="-ms-3.5" onClick={() => void signOut(session).catch(toast.error)}>
          {t('security.must.sign_out')}
        </Button>
      </div>
      <Toaster />
    </Door>
  )
}

function Choice({ onChoose }: { onChoose: (way: Way) => void }) {
  const obstacle = passkeyObstacle()
  return (
    <div className="grid gap-3">
      <p className="text-[14.5px] font-medium">{t('security.must.choose')}</p>
      <WayCard icon={Smartphone} title={t('security.must.app')} note={t('security.must.app_note')} onChoose={() => onChoose('app')} />
      <WayCard
        icon={Fingerprint}
        title={t('security.must.passkey')}
        note={obstacle ? t(`factors.passkey.${obstacle}`) : t('security.must.passkey_note')}
        disabled={obstacle !== null}
        onChoose={() => onChoose('passkey')}
      />
    </div>
  )
}

type WayCardProps = { icon: LucideIcon; title: string; note: string; disabled?: boolean; onChoose: () => void }
function WayCard({ icon: Icon, title, note, disabled = false, onChoose }: WayCardProps) {
  return (
    <button
      type="button"
      disabled={disabled}
      onClick={onChoose}
      className="lift flex items-center gap-4 rounded-[18px] border border-field bg-surface p-4 text-start transition-colors hover:border-brand disabled:pointer-events-none disabled:opacity-60"
    >
      <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-brand-soft text-brand">
        <Icon size={20} aria-hidden="true" />
      </span>
      <span className="min-w-0">
        <span className="block text-[15px] font-semibold">{title}</span>
        <span className="block text-[13.5px] text-ink-2">{note}</span>
      </span>
    </button>
  )
}
