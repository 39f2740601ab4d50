import { MailCheck } from 'lucide-react'
import type { ReactNode } from 'react'
import type { MailState } from '@/api/mail-queries'
import { Panel } from '@/components/page'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'

/** Whether mail goes out, what waits, and what went wrong last; without a server, what there is no mail for. */
export function SendingState({ state }: { state: MailState }) {
  const { settings, waiting, last_sent_at, last_failure } = state
  return (
    <Panel title={t('mail.state')} icon={MailCheck} end={<Pill state={state} />} i={1}>
      {settings ? (
        <dl className="grid gap-3 text-[14px]">
          <Line title={t('mail.last_sent')}>{last_sent_at ? formatRelative(last_sent_at) : t('mail.never_sent')}</Line>
          <Line title={t('mail.waiting')}>{t('mail.waiting_count', { count: waiting })}</Line>
          {last_failure ? (
            <Line title={t('mail.last_failure', { when: formatRelative(last_failure.at) })}>
              <span className="text-danger [overflow-wrap:anywhere]">{sentence(last_failure.message)}</span>
            </Line>
          ) : null}
        </dl>
      ) : (
        <div className="text-[14px] text-ink-2">
          <p>{t('mail.none')}</p>
          <ul className="mt-2 list-disc ps-5">
            <li>{t('mail.none_invitations')}</li>
            <li>{t('mail.none_passwords')}</li>
            <li>{t('mail.none_sign_up')}</li>
          </ul>
        </div>
      )}
    </Panel>
  )
}

function Pill({ state }: { state: MailState }) {
  if (!state.settings) return <StatusPill state="queued">{t('mail.state.none')}</StatusPill>
  return (
    <StatusPill state={state.settings.enabled ? 'done' : 'paused'}>
      {t(state.settings.enabled ? 'mail.state.on' : 'mail.state.off')}
    </StatusPill>
  )
}

const Line = ({ title, children }: { title: string; children: ReactNode }) => (
  <div>
    <dt className="text-[13px] text-ink-3">{title}</dt>
    <dd>{children}</dd>
  </div>
)
