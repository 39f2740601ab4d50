import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type LucideIcon, ShieldCheck, Smartphone, Ticket } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { type AccountSecurity, accountQueries } from '@/api/account-queries'
import { api } from '@/api/client'
import { Button } from '@/components/button'
import { Dialog } from '@/components/dialog'
import { Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { CodesDialog } from './codes-step'
import { ConfirmPassword } from './confirm-password'
import { TotpSteps } from './totp-setup'

type Open = 'set-up' | 'remove' | 'codes' | null
/** Fewer than this and it is time for new ones. */
const CODES_FEW = 3

/** The authenticator app and the recovery codes. */
export function SecondFactorPanel({ security }: { security: AccountSecurity }) {
  const [open, setOpen] = useState<Open>(null)
  const [codes, setCodes] = useState<string[] | null>(null)
  const client = useQueryClient()
  const refresh = () => client.invalidateQueries({ queryKey: accountQueries.security().queryKey })
  const close = () => setOpen(null)
  const { totp, passkeys } = security
  const on = totp.enabled || passkeys.length > 0
  const last = security.second_factor_required && passkeys.length === 0
  const onCodes = (fresh: string[]) => {
    setOpen(null)
    void refresh()
    if (fresh.length > 0) setCodes(fresh)
    else toast.success(t('security.totp.done'))
  }
  return (
    <Panel
      title={t('security.second.title')}
      icon={ShieldCheck}
      i={1}
      end={<StatusPill state={on ? 'done' : 'paused'}>{on ? t('security.second.on') : t('security.second.off')}</StatusPill>}
    >
      <p className="-mt-2 mb-4 text-[14px] text-ink-2">{t('security.second.lead')}</p>
      <ul className="grid gap-2.5">
        <Row icon={Smartphone} lit={totp.enabled} title={t('security.totp.title')} note={totpNote(totp)}>
          {totp.enabled ? (
            <Button
              kind="outline"
              size="sm"
              aria-label={t('security.totp.remove_of')}
              disabled={last}
              title={last ? t('security.totp.last') : undefined}
              onClick={() => setOpen('remove')}
            >
              {t('security.totp.remove')}
            </Button>
          ) : (
            <Button size="sm" onClick={() => setOpen('set-up')}>
              {t('security.totp.set_up')}
            </Button>
          )}
        </Row>
        <Row icon={Ticket} lit={security.recovery_codes_left > 0} title={t('security.codes.row')} note={<CodesLeft security={security} />}>
          {on ? (
            <Button kind="outline" size="sm" onClick={() => setOpen('codes')}>
              {t('security.codes.new')}
            </Button>
          ) : null}
        </Row>
      </ul>
      {last && totp.enabled ? <p className="mt-3 text-[13px] text-ink-3">{t('security.totp.last')}</p> : null}
      {open === 'set-up' ? (
        <Dialog open onClose={close} title={t('security.totp.dialog_title')}>
          <TotpSteps onCodes={onCodes} onCancel={close} />
        </Dialog>
      ) : null}
      {open === 'remove' ? <RemoveTotp onClose={close} /> : null}
      {open === 'codes' ? <NewCodes onClose={close} onCodes={onCodes} /> : null}
      {codes ? <CodesDialog codes={codes} onClose={() => setCodes(null)} /> : null}
    </Panel>
  )
}

const totpNote = (totp: AccountSecurity['totp']) => {
  if (!totp.enabled) return t('security.totp.off')
  return totp.confirmed_at ? t('security.totp.on', { when: formatDate(totp.confirmed_at) }) : t('security.second.on')
}

function CodesLeft({ security }: { security: AccountSecurity }) {
  const count = security.recovery_codes_left
  const on = security.totp.enabled || security.passkeys.length > 0
  if (!on) return t('security.codes.none')
  if (count < CODES_FEW) return <span className="text-warn">{t('security.codes.few', { count })}</span>
  return t('security.codes.left', { count })
}

type RowProps = { icon: LucideIcon; lit: boolean; title: string; note: ReactNode; children?: ReactNode }
function Row({ icon: Icon, lit, title, note, children }: RowProps) {
  return (
    <li className="flex items-center gap-3.5 rounded-[16px] border border-line p-3.5 max-sm:items-start">
      <span
        className={`grid size-11 shrink-0 place-items-center rounded-[14px] ${lit ? 'bg-brand-soft text-brand' : 'bg-surface-2 text-ink-2'}`}
      >
        <Icon size={20} aria-hidden="true" />
      </span>
      <span className="flex min-w-0 flex-1 flex-wrap items-center gap-x-3.5 gap-y-2.5">
        <span className="min-w-0 flex-1 basis-[150px]">
          <span className="block text-[14.5px] font-medium">{title}</span>
          <span className="block text-[13px] text-ink-2">{note}</span>
        </span>
        {children}
      </span>
    </li>
  )
}

function RemoveTotp({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation({
    mutationFn: (password: string) => api.post('/api/account/totp/remove', { body: { password } }),
    onSuccess: () => {
      toast.success(t('security.totp.removed'))
      onClose()
      return client.invalidateQueries({ queryKey: accountQueries.security().queryKey })
    },
  })
  return (
    <Dialog open onClose={onClose} size="sm" title={t('security.totp.remove_title')} lead={t('security.totp.remove_text')}>
      <ConfirmPassword
        danger
        submit={t('security.totp.remove')}
        busy={remove.isPending}
        error={remove.error}
        onConfirm={(password) => remove.mutate(password)}
        onCancel={onClose}
      />
    </Dialog>
  )
}

function NewCodes({ onClose, onCodes }: { onClose: () => void; onCodes: (codes: string[]) => void }) {
  const make = useMutation({
    mutationFn: (password: string) => api.post('/api/account/recovery-codes', { body: { password } }),
    onSuccess: (answer) => onCodes(answer.recovery_codes),
  })
  return (
    <Dialog open onClose={onClose} size="sm" title={t('security.codes.new_title')} lead={t('security.codes.new_text')}>
      <ConfirmPassword
        submit={t('security.codes.new')}
        busy={make.isPending}
        error={make.error}
        onConfirm={(password) => make.mutate(password)}
        onCancel={onClose}
      />
    </Dialog>
  )
}
