import { Link } from '@tanstack/react-router'
import { Building2, IdCard, type LucideIcon, Network } from 'lucide-react'
import type { ReactNode } from 'react'
import { type Directory, hasFailed } from '@/api/directory-queries'
import type { IdentityProvider } from '@/api/identity-provider-queries'
import { StatusPill } from '@/components/status'
import { t } from '@/lib/i18n'
import { formatDate, formatRelative } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { DirectoryPill } from './directory-state'
import { daysLeft, SOON_DAYS } from './provider-draft'

type FrameProps = {
  icon: LucideIcon
  link: ReactNode
  address: string
  pill: ReactNode
  facts: ReactNode
  trouble?: string | null
  i: number
}

function Frame({ icon: Icon, link, address, pill, facts, trouble, i }: FrameProps) {
  return (
    <li className="panel lift relative p-5" style={{ '--i': i }}>
      <div className="flex items-start gap-3.5">
        <span className="grid size-11 shrink-0 place-items-center rounded-[14px] bg-surface-2 text-ink-2">
          <Icon size={21} aria-hidden="true" />
        </span>
        <div className="min-w-0 flex-1">
          <h3 className="truncate text-[16px] leading-snug font-semibold">{link}</h3>
          <p className="truncate font-mono text-[12.5px] text-ink-2" title={address}>
            {address}
          </p>
        </div>
      </div>
      <div className="mt-3.5 flex flex-wrap items-center gap-x-3 gap-y-2 text-[13.5px] text-ink-2">
        {pill}
        {facts}
      </div>
      {trouble ? <p className="mt-2.5 line-clamp-3 text-[13.5px] text-danger [overflow-wrap:anywhere]">{trouble}</p> : null}
    </li>
  )
}

/** The whole card leads to the page. */
const LINK = 'after:absolute after:inset-0 after:rounded-[22px] hover:text-brand'

export function DirectoryCard({ directory, i }: { directory: Directory; i: number }) {
  const { last_refresh: last } = directory
  const failed = hasFailed(last)
  return (
    <Frame
      i={i}
      icon={Network}
      address={directory.urls[0] ?? ''}
      link={
        <Link to="/admin/sign-in/directories/$directory" params={{ directory: directory.id }} className={LINK}>
          {directory.name}
        </Link>
      }
      pill={<DirectoryPill directory={directory} />}
      facts={
        <>
          <span>{t(`directory.kind.${directory.kind}`)}</span>
          <span>{last ? t('directory.refreshed', { when: formatRelative(last.at) }) : t('directory.never_refreshed')}</span>
          {last?.people != null && !failed ? <span>{t('directory.people', { count: last.people })}</span> : null}
        </>
      }
      trouble={failed && last?.message ? sentence(last.message) : null}
    />
  )
}

export function ProviderCard({ provider, i }: { provider: IdentityProvider; i: number }) {
  const ends = provider.saml?.certificates.map((certificate) => certificate.not_after).sort()[0]
  const last = provider.recent_failures[0]
  const ending = ends !== undefined && daysLeft(ends) <= SOON_DAYS
  return (
    <Frame
      i={i}
      icon={provider.kind === 'saml' ? Building2 : IdCard}
      address={provider.saml?.idp_entity_id ?? provider.oidc?.issuer ?? ''}
      link={
        <Link to="/admin/sign-in/providers/$provider" params={{ provider: provider.id }} className={LINK}>
          {provider.name}
        </Link>
      }
      pill={
        <StatusPill state={provider.enabled ? 'done' : 'paused'}>
          {t(provider.enabled ? 'signins.state.on' : 'signins.state.off')}
        </StatusPill>
      }
      facts={
        <>
          <span>{t(`idp.kind.${provider.kind}`)}</span>
          {last ? <span>{t('idp.last_refused', { when: formatRelative(last.at) })}</span> : null}
        </>
      }
      trouble={ending ? t('certificate.trouble', { when: formatDate(ends) }) : null}
    />
  )
}
