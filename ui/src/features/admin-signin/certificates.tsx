import { FileBadge, Trash2 } from 'lucide-react'
import type { ReactNode } from 'react'
import { IconButton } from '@/components/button'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDate } from '@/lib/i18n/format'
import { daysLeft, SOON_DAYS } from './provider-draft'

type Certificate = { fingerprint: string; not_after: string }
type CertificateRowProps = { certificate: Certificate; state?: ReactNode; onRemove?: () => void }

/** A certificate: what tells it apart, and when it ends. */
export function CertificateRow({ certificate, state, onRemove }: CertificateRowProps) {
  return (
    <li className="flex items-start gap-3 rounded-[16px] border border-line bg-surface-2/50 p-3.5">
      <FileBadge size={19} className="mt-0.5 shrink-0 text-brand" aria-hidden="true" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <Ending not_after={certificate.not_after} />
          {state}
        </p>
        <p className="mt-1.5 font-mono text-[12px] leading-snug break-all text-ink-2">{certificate.fingerprint}</p>
      </div>
      {onRemove ? (
        <IconButton
          label={t('certificate.remove', { fingerprint: certificate.fingerprint.slice(0, 11) })}
          className="-me-1.5 -mt-1.5"
          onClick={onRemove}
        >
          <Trash2 size={16} aria-hidden="true" />
        </IconButton>
      ) : null}
    </li>
  )
}

function Ending({ not_after }: { not_after: string }) {
  const days = daysLeft(not_after)
  if (days < 0) return <StatusPill state="failed">{t('certificate.ended', { when: formatDate(not_after) })}</StatusPill>
  if (days <= SOON_DAYS) return <StatusPill state="waiting">{t('certificate.ends_soon', { days, when: formatDate(not_after) })}</StatusPill>
  return <StatusPill state="verified">{t('certificate.ends', { when: formatDate(not_after) })}</StatusPill>
}
