import { Link } from '@tanstack/react-router'
import { Link2Off, type LucideIcon, ShieldCheck, TerminalSquare } from 'lucide-react'
import { btn } from '@/components/button'
import { Command } from '@/components/command'
import { t } from '@/lib/i18n'

export type NoticeKind = 'missing' | 'unknown' | 'expired' | 'finished'
const ICONS: Record<NoticeKind, LucideIcon> = { missing: TerminalSquare, unknown: Link2Off, expired: Link2Off, finished: ShieldCheck }

/** Why the wizard does not open, and the way out. */
export function Notice({ kind }: { kind: NoticeKind }) {
  const Icon = ICONS[kind]
  return (
    <div className="m-auto grid justify-items-center gap-4 py-10 text-center" role="alert">
      <span className="grid size-20 place-items-center rounded-full bg-brand-soft text-brand">
        <Icon size={36} strokeWidth={1.8} aria-hidden="true" />
      </span>
      <h2 className="font-display text-[32px] leading-[1.1] font-semibold tracking-[-.035em] text-balance">{t(`setup.${kind}.title`)}</h2>
      <p className="max-w-[52ch] text-ink-2">{t(`setup.${kind}.text`)}</p>
      {kind === 'expired' || kind === 'unknown' ? <Command text="guildhall setup-link --data-dir DIR" /> : null}
      {kind === 'finished' ? (
        <Link to="/signin" className={btn('brand', 'lg', 'mt-2')}>
          {t('setup.finished.action')}
        </Link>
      ) : null}
    </div>
  )
}
