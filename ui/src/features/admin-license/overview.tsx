import { Check, FileBadge2, FolderOpen, Info, Minus, PackageOpen, Users } from 'lucide-react'
import type { LicenseMeter, LicenseStatus } from '@/api/types'
import { Panel } from '@/components/page'
import { type State, StatusPill } from '@/components/status'
import { optional, t } from '@/lib/i18n'
import { formatDate, formatNumber } from '@/lib/i18n/format'
import { sentence } from '@/lib/sentence'
import { LoadFile } from './load-file'
import { RequestLease } from './request-lease'
import { stateOf } from './state-card'
import { Trust } from './trust'

/** What is used, what is included, what is trusted, and the exchange of files. */
export function Overview({ status, mayManage }: { status: LicenseStatus; mayManage: boolean }) {
  return (
    <div className="mt-5 grid grid-cols-[minmax(0,1fr)] gap-4 lg:grid-cols-2">
      <Notices status={status} />
      <Panel title={t('license.in_use')} icon={Users} i={1}>
        <div className="grid gap-5">
          <Bar label={t('license.seats')} meter={status.seats} />
          <Bar label={t('license.employees')} meter={status.employees} />
          <p className="text-[13px] text-ink-3">{t('license.whole_node')}</p>
        </div>
      </Panel>
      <Included status={status} />
      {mayManage ? <LoadFile /> : null}
      <Trust status={status} />
      {mayManage ? <RequestLease status={status} /> : null}
      <All status={status} />
      <Files status={status} />
    </div>
  )
}

function Notices({ status }: { status: LicenseStatus }) {
  if (status.notices.length === 0) return null
  return (
    <ul className="grid gap-2 lg:col-span-2">
      {status.notices.map((notice) => (
        <li
          key={notice.message}
          className="rise flex items-start gap-3 rounded-[16px] border border-info/40 bg-info/8 px-4 py-3 text-[14px]"
        >
          <Info size={18} className="mt-0.5 shrink-0 text-info" aria-hidden="true" />
          {sentence(notice.message)}
        </li>
      ))}
    </ul>
  )
}

const FULL = 0.8
/** How much of a number is used. A number without a limit has no bar. */
function Bar({ label, meter }: { label: string; meter: LicenseMeter }) {
  const { used, max, ceiling } = meter
  const share = max === null ? 0 : Math.min(1, used / Math.max(1, max))
  const look =
    max !== null && used > max ? 'bg-danger' : share >= FULL ? 'bg-warn' : 'bg-linear-to-r from-[rgb(var(--glow))] to-[rgb(var(--glow2))]'
  const value =
    max === null
      ? t('license.no_limit', { used: formatNumber(used) })
      : t('license.of', { used: formatNumber(used), max: formatNumber(max) })
  return (
    <div>
      <div className="flex items-baseline justify-between gap-4 text-[14.5px]">
        <span className="text-ink-2">{label}</span>
        <b className="font-mono text-[13.5px] font-semibold tabular-nums">{value}</b>
      </div>
      {max === null ? null : (
        <div className="mt-2 h-2 overflow-hidden rounded-full bg-surface-2 ring-1 ring-line ring-inset" aria-hidden="true">
          <div className={`grow h-full rounded-full ${look}`} style={{ width: `${share * 100}%` }} />
        </div>
      )}
      <p className="mt-1.5 text-[13px] text-ink-3">
        {max === null
          ? t('license.unlimited')
          : used > max
            ? t('license.over', { over: used - max })
            : t('license.free', { free: max - used })}
        {max !== null && ceiling !== null && ceiling > max ? ` ${t('license.tolerated', { ceiling: formatNumber(ceiling) })}` : null}
      </p>
    </div>
  )
}

/** Features that this version of the node knows; a licence may name more. */
const KNOWN = ['providers', 'organisations'] as const

function Included({ status }: { status: LicenseStatus }) {
  const granted = status.entitlements
  const everything = granted['feature.*'] === true
  const named = Object.keys(granted).flatMap((name) => (name.startsWith('feature.') && name !== 'feature.*' ? [name.slice(8)] : []))
  const names = [...new Set([...KNOWN, ...named])]
  return (
    <Panel title={t('license.included')} icon={PackageOpen} i={2}>
      <ul className="grid">
        {everything ? <Feature on name={t('license.everything')} note={t('license.everything_note')} /> : null}
        <Feature on name={t('license.feature.core')} note={t('license.included_always')} />
        {names.map((name) => {
          const on = everything || granted[`feature.${name}`] === true
          const words = optional(`license.feature.${name}`) ?? name
          return <Feature key={name} on={on} name={words} note={t(on ? 'license.feature.included' : 'license.not_included')} />
        })}
      </ul>
    </Panel>
  )
}

function Feature({ on, name, note }: { on: boolean; name: string; note: string }) {
  return (
    <li className="flex items-center gap-3 border-b border-line py-2.5 last:border-0">
      <span
        className={`grid size-6 shrink-0 place-items-center rounded-full ${on ? 'bg-success/14 text-success' : 'bg-surface-2 text-ink-3'}`}
      >
        {on ? <Check size={14} strokeWidth={3} aria-hidden="true" /> : <Minus size={14} aria-hidden="true" />}
      </span>
      <span className={`text-[14.5px] font-medium ${on ? '' : 'text-ink-2'}`}>{name}</span>
      <span className="ms-auto text-end text-[13px] text-ink-3">{note}</span>
    </li>
  )
}

/** Shown when there is more than the one that decides. */
function All({ status }: { status: LicenseStatus }) {
  if (status.licenses.length < 2) return null
  return (
    <Panel title={t('license.all')} icon={FileBadge2} className="lg:col-span-2">
      <ul className="grid">
        {status.licenses.map((license) => (
          <li
            key={license.sha256}
            className="flex flex-wrap items-baseline gap-x-4 gap-y-1 border-b border-line py-2.5 text-[14px] last:border-0"
          >
            <span className="inline-block font-medium first-letter:uppercase">{t('license.edition', { edition: license.edition })}</span>
            <span className="font-mono text-[12.5px] break-all text-ink-3">
              {license.license_id} #{formatNumber(license.serial)}
            </span>
            <span className="ms-auto text-ink-2">
              {license.state
                ? t(`license.short.${stateOf(license.state)}`)
                : license.not_before > status.effective_time
                  ? t('license.all_waits', { date: formatDate(license.not_before) })
                  : t('license.all_replaced')}
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  )
}

type Outcome = 'used' | 'older' | 'refused'
const PILLS: Record<Outcome, State> = { used: 'verified', older: 'paused', refused: 'failed' }
const isOutcome = (outcome: string): outcome is Outcome => outcome in PILLS

function Files({ status }: { status: LicenseStatus }) {
  if (status.files.length === 0) return null
  return (
    <Panel title={t('license.files')} icon={FolderOpen} className="lg:col-span-2">
      <p className="-mt-2 mb-3 text-[13.5px] text-ink-2">{t('license.files_lead')}</p>
      <ul className="grid">
        {status.files.map((file) => {
          const outcome = isOutcome(file.outcome) ? file.outcome : 'refused'
          return (
            <li
              key={`${file.name}${file.reason ?? ''}`}
              className="flex flex-wrap items-center gap-x-4 gap-y-1 border-b border-line py-2.5 last:border-0"
            >
              <span className="font-mono text-[13px] break-all">{file.name}</span>
              <span className="ms-auto">
                <StatusPill state={PILLS[outcome]}>{t(`license.file.${outcome}`)}</StatusPill>
              </span>
              {file.reason ? <span className="basis-full text-[13.5px] text-ink-2">{sentence(file.reason)}</span> : null}
            </li>
          )
        })}
      </ul>
    </Panel>
  )
}
