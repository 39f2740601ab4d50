import '@/lib/i18n/en/license'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Clock, Hourglass, Lock, TriangleAlert } from 'lucide-react'
import { licenseQueries } from '@/api/license-queries'
import type { LicenseStatus } from '@/api/types'
import { t } from '@/lib/i18n'

const DAY_MS = 24 * 3600 * 1000
/** A trial is spoken of in its last days only. */
const TRIAL_DAYS_SAID = 14

const daysTo = (status: LicenseStatus, end: string) =>
  Math.max(0, Math.floor((new Date(end).getTime() - new Date(status.effective_time).getTime()) / DAY_MS))

type Said = { text: string; tone: 'info' | 'warn' | 'danger'; icon: typeof Lock }

/** What there is to say, to those who can do something about it; nothing while all is well. */
function said(status: LicenseStatus): Said | null {
  const warn = (text: string, icon: typeof Lock): Said => ({ text, tone: 'warn', icon })
  const days = status.until ? daysTo(status, status.until) : 0
  switch (status.state) {
    case 'read_only':
      return { text: t('license.banner.read_only'), tone: 'danger', icon: Lock }
    case 'restrict_new':
      return { text: t('license.banner.restrict_new'), tone: 'danger', icon: Lock }
    case 'grace':
      return warn(t('license.banner.grace'), TriangleAlert)
    case 'expiring_soon': {
      if (status.reason === 'trial') return warn(t('license.banner.trial', { days }), Hourglass)
      const isLease = status.reason === 'lease' || status.reason === 'lease_budget'
      return warn(t(isLease ? 'license.banner.expiring_lease' : 'license.banner.expiring_soon', { days }), Hourglass)
    }
    case 'trial': {
      const left = daysTo(status, status.trial.ends_at)
      if (left < TRIAL_DAYS_SAID) return { text: t('license.banner.trial', { days: left }), tone: 'info', icon: Hourglass }
      break
    }
  }
  return status.anomalies.length > 0 ? warn(t('license.banner.clock'), Clock) : null
}

const TONES = {
  info: 'border-info/40 bg-info/8 text-info',
  warn: 'border-warn/40 bg-warn/8 text-warn',
  danger: 'border-danger/40 bg-danger/8 text-danger',
} as const

/** A line above every page while the licence asks for something. */
export default function LicenseBanner() {
  const { data } = useQuery({ ...licenseQueries.status(), staleTime: 5 * 60_000, refetchInterval: 30 * 60_000 })
  const found = data ? said(data) : null
  if (!found) return null
  const { icon: Icon, text, tone } = found
  return (
    <p className={`rise mb-5 flex flex-wrap items-center gap-x-3 gap-y-1 rounded-[16px] border px-4 py-3 text-[14px] ${TONES[tone]}`}>
      <Icon size={17} className="shrink-0" aria-hidden="true" />
      <span className="min-w-0 flex-1 basis-[220px]">{text}</span>
      <Link to="/admin/licence" className="font-medium underline underline-offset-4">
        {t('license.banner.open')}
      </Link>
    </p>
  )
}
