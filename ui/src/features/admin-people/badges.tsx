import { Fingerprint, LockKeyhole, type LucideIcon, Network, RefreshCw, ShieldCheck, Waypoints } from 'lucide-react'
import type { ReactNode } from 'react'
import type { Member } from '@/api/types'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatRelative } from '@/lib/i18n/format'

const SOURCES = { dir: Network, idp: Waypoints, scim: RefreshCw } as const
/** Where an account comes from stands at the start of its source's id. */
const kindOf = (source: string) => (['dir', 'idp', 'scim'] as const).find((kind) => source.startsWith(`${kind}_`))

/** What there is to know of a person at a glance; every mark has words. */
export function Badges({ member, you }: { member: Member; you: boolean }) {
  const kind = member.source ? kindOf(member.source) : undefined
  const locked = member.locked_until && new Date(member.locked_until).getTime() > Date.now() ? member.locked_until : null
  return (
    <>
      {you ? <span className="rounded-full bg-brand-soft px-2 py-0.5 text-[12px] font-medium text-brand">{t('people.you')}</span> : null}
      {member.disabled ? <StatusPill state="paused">{t('people.disabled')}</StatusPill> : null}
      {locked ? (
        <span className="inline-flex h-6.5 items-center gap-1.5 rounded-full bg-warn/13 px-2.5 text-[12.5px] font-medium whitespace-nowrap text-warn">
          <LockKeyhole size={13} strokeWidth={2.4} aria-hidden="true" />
          {t('people.locked', { when: formatRelative(locked) })}
        </span>
      ) : null}
      {member.platform_administrator ? (
        <Mark icon={ShieldCheck} tone="text-info">
          {t('people.platform')}
        </Mark>
      ) : null}
      {member.source ? (
        <Mark icon={kind ? SOURCES[kind] : Waypoints} tone="text-ink-2">
          {t(`people.source.${kind ?? 'other'}`)}
        </Mark>
      ) : null}
      {member.second_factor ? (
        <Mark icon={Fingerprint} tone="text-success">
          {t('people.second_factor')}
        </Mark>
      ) : null}
    </>
  )
}

const Mark = ({ icon: Icon, tone, children }: { icon: LucideIcon; tone: string; children: ReactNode }) => (
  <span className={`inline-flex items-center gap-1.5 text-[12.5px] ${tone}`}>
    <Icon size={14} aria-hidden="true" />
    {children}
  </span>
)
