import { Clock, Hourglass, Lock, type LucideIcon, ShieldCheck, TriangleAlert } from 'lucide-react'
import type { LicenseStatus } from '@/api/types'
import { Seal } from '@/components/seal'
import { t } from '@/lib/i18n'
import { formatDate, formatDateTime } from '@/lib/i18n/format'
import { daysBetween, type Line, lineOf } from './days'

type State = 'active' | 'trial' | 'expiring_soon' | 'grace' | 'restrict_new' | 'read_only'
const LOOK: Record<State, { icon: LucideIcon; tone: string; text: string }> = {
  active: { icon: ShieldCheck, tone: 'var(--success)', text: 'text-success' },
  trial: { icon: Hourglass, tone: 'var(--brand)', text: 'text-brand' },
  expiring_soon: { icon: Hourglass, tone: 'var(--warn)', text: 'text-warn' },
  grace: { icon: TriangleAlert, tone: 'var(--warn)', text: 'text-warn' },
  restrict_new: { icon: Lock, tone: 'var(--danger)', text: 'text-danger' },
  read_only: { icon: Lock, tone: 'var(--danger)', text: 'text-danger' },
}
const isState = (state: string): state is State => state in LOOK
export const stateOf = (state: string): State => (isState(state) ? state : 'active')

/** The plain state in one sentence and the whole life of the licence as one line. */
export function StateCard({ status }: { status: LicenseStatus }) {
  const state = stateOf(status.state)
  const { icon: Icon, tone, text } = LOOK[state]
  const line = lineOf(status)
  return (
    <section
      className="panel wash mb-6 overflow-hidden p-6 sm:p-8"
      style={{ '--h1': state === 'active' ? 'rgb(var(--au1))' : tone, '--h2': 'rgb(var(--au2))' }}
      aria-labelledby="license-state"
    >
      <div className="flex flex-wrap items-center gap-x-6 gap-y-4">
        {state === 'active' ? (
          <Seal size={92} tone="success" />
        ) : (
          <span className={`grid size-[72px] shrink-0 place-items-center rounded-full border-[2.5px] border-current ${text}`}>
            <Icon size={30} aria-hidden="true" />
          </span>
        )}
        <div className="min-w-0 flex-1 basis-[300px]">
          <h2 id="license-state" className="font-display text-[30px] leading-[1.08] font-semibold tracking-[-.035em] text-balance">
            {headline(status, state)}
          </h2>
          <p className="mt-1.5 text-[16px] text-pretty text-ink-2">{explanation(status, state)}</p>
        </div>
        <Holder status={status} />
      </div>
      {line ? (
        <Timeline line={line} tone={state === 'active' || state === 'trial' ? null : tone} now={status.effective_time} />
      ) : (
        <p className="mt-6 text-[14px] text-ink-2">{t('license.no_end')}</p>
      )}
      {status.anomalies.map((anomaly) => (
        <p key={anomaly.kind} className="mt-6 flex items-start gap-3 rounded-[14px] border border-warn/40 bg-warn/8 p-3.5 text-[14px]">
          <Clock size={18} className="mt-0.5 shrink-0 text-warn" aria-hidden="true" />
          <span>
            <b className="font-semibold">{t('license.clock')}.</b>{' '}
            {t(anomaly.kind === 'behind_mark' ? 'license.clock_back_note' : 'license.clock_note', {
              wall: formatDateTime(anomaly.wall_time),
              time: formatDateTime(status.effective_time),
            })}
          </span>
        </p>
      ))}
    </section>
  )
}

function Holder({ status }: { status: LicenseStatus }) {
  const license = status.license
  if (!license) {
    return <p className="font-display text-[18px] font-semibold">{t('license.edition.trial')}</p>
  }
  return (
    <dl className="grid gap-1.5 text-[13.5px] sm:text-end">
      <dt className="sr-only">{t('license.included')}</dt>
      <dd className="font-display text-[18px] font-semibold first-letter:uppercase">
        {t('license.edition', { edition: license.edition })}
      </dd>
      <dt className="sr-only">{t('license.holder')}</dt>
      <dd className="text-ink-2">{license.customer}</dd>
      <dt className="sr-only">{t('license.number')}</dt>
      <dd className="font-mono text-[12.5px] break-all text-ink-3">{license.license_id}</dd>
      {license.environment === 'nonproduction' ? <dd className="text-warn">{t('license.not_production')}</dd> : null}
    </dl>
  )
}

const daysLeft = (status: LicenseStatus) => (status.until ? daysBetween(status.effective_time, status.until) : 0)
const isLease = (status: LicenseStatus) => status.reason === 'lease' || status.reason === 'lease_budget'

function headline(status: LicenseStatus, state: State): string {
  switch (state) {
    case 'trial':
      return t('license.state.trial', { days: daysBetween(status.effective_time, status.trial.ends_at) })
    case 'expiring_soon': {
      const what = status.reason === 'trial' ? 'license.what.trial' : isLease(status) ? 'license.what.lease' : 'license.what.term'
      return t('license.state.expiring_soon', { what: t(what), days: daysLeft(status) })
    }
    case 'grace':
      return status.until ? t('license.state.grace_left', { days: daysLeft(status) }) : t('license.state.grace')
    default:
      return t(`license.state.${state}`)
  }
}

function explanation(status: LicenseStatus, state: State): string {
  const end = status.license?.term_end
  if (state === 'active' && end) return t('license.text.active_until', { date: formatDate(end) })
  if (state === 'expiring_soon' && isLease(status)) return t('license.text.expiring_lease')
  if (state === 'grace' && status.reason === 'revoked') return t('license.text.grace_revoked')
  if (state === 'grace' && status.reason === 'other_node') return t('license.text.grace_node')
  return t(`license.text.${state}`)
}

/** Days of grace shorter than this share of the line leave no room for two dates side by side. */
const CROWDED = 0.13
/** Where a mark's words stand: the last ones end at their mark, below the others where it is crowded. */
function place(at: number, crowded: boolean): string {
  if (at === 0) return 'text-start'
  if (at === 1) return `-translate-x-full text-end rtl:translate-x-full ${crowded ? 'top-10 max-sm:top-5' : 'max-sm:top-5'}`
  return crowded
    ? '-translate-x-full text-end rtl:translate-x-full'
    : '-translate-x-1/2 text-center max-sm:-translate-x-full rtl:translate-x-1/2'
}

function Timeline({ line, tone, now }: { line: Line; tone: string | null; now: string }) {
  const first = line.trial ? 'license.mark.begun' : 'license.mark.issued'
  const marks = [
    { at: 0, name: t(first), date: line.begin },
    { at: line.endShare, name: t('license.mark.expires'), date: line.end },
    ...(line.grace ? [{ at: 1, name: t('license.mark.grace'), date: line.grace }] : []),
  ]
  const words = { from: t(first), begin: formatDate(line.begin), until: t('license.mark.expires'), end: formatDate(line.end) }
  const spoken = line.grace ? t('license.line_grace', { ...words, grace: formatDate(line.grace) }) : t('license.line', words)
  const here = line.nowShare * 100
  const crowded = line.grace !== null && 1 - line.endShare < CROWDED
  return (
    <div className="mt-14 mb-1" role="img" aria-label={spoken}>
      <div className="relative h-3">
        <div
          className="absolute inset-y-0 start-0 rounded-full bg-surface-2 ring-1 ring-field/60 ring-inset"
          style={{ width: `${line.endShare * 100}%` }}
        />
        {line.grace ? (
          <div className="hatch absolute inset-y-0 end-0 rounded-e-full" style={{ width: `${(1 - line.endShare) * 100}%` }} />
        ) : null}
        <div
          className="grow absolute inset-y-0 start-0 rounded-full"
          style={{ width: `${here}%`, background: tone ?? 'linear-gradient(90deg, rgb(var(--glow)), rgb(var(--glow2)))' }}
        />
        {line.nowShare < 1 ? (
          <div
            className="absolute -top-11 flex flex-col items-center"
            style={{ insetInlineStart: `${here}%`, translate: `${-Math.min(90, Math.max(10, here))}% 0` }}
          >
            <span className="rounded-full bg-ink px-2.5 py-0.5 text-[12.5px] font-semibold whitespace-nowrap text-surface">
              {t('license.mark.today', { date: formatDate(now) })}
            </span>
          </div>
        ) : null}
        {line.nowShare < 1 ? <span className="absolute -top-5 h-5 w-[2px] bg-ink" style={{ insetInlineStart: `${here}%` }} /> : null}
        {marks.map((mark) => (
          <span
            key={mark.name}
            className="absolute -top-[3px] h-[18px] w-[2px] rounded bg-ink-2"
            style={{ insetInlineStart: `calc(${mark.at * 100}% - ${mark.at * 2}px)` }}
          />
        ))}
      </div>
      <div className={`relative mt-3 text-[13px] ${crowded ? 'h-20 max-sm:h-10' : 'h-10'}`}>
        {marks.map((mark) => (
          <span
            key={mark.name}
            className={`absolute leading-tight ${place(mark.at, crowded)}`}
            style={{ insetInlineStart: `${mark.at * 100}%` }}
          >
            <b className="block font-medium whitespace-nowrap">{mark.name}</b>
            <span className="block font-mono text-[12px] whitespace-nowrap text-ink-3 max-sm:hidden">{formatDate(mark.date)}</span>
          </span>
        ))}
      </div>
    </div>
  )
}
