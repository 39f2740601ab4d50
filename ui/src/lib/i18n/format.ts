/** Numbers, dates, sizes and durations for the reader. The browser's language decides, the time zone is the reader's own. */
const locale = typeof navigator === 'undefined' ? 'en' : navigator.language.startsWith('en') ? navigator.language : 'en-GB'

const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 })
// British English shortens a million to "m", which reads as a thousandth beside units.
const compact = new Intl.NumberFormat(locale === 'en-GB' ? 'en' : locale, { notation: 'compact', maximumFractionDigits: 1 })
const date = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric' })
const dateTime = new Intl.DateTimeFormat(locale, { day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit' })
const time = new Intl.DateTimeFormat(locale, { hour: '2-digit', minute: '2-digit' })
const weekday = new Intl.DateTimeFormat(locale, { weekday: 'long', day: 'numeric', month: 'long' })
const relative = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })

const percent = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 })

export const formatNumber = (value: number) => number.format(value)
/** 4.2K, 1.3M: for figures that only need their size understood. */
export const formatCompact = (value: number) => compact.format(value)
/** A share from 0 to 1 as 75 %. */
export const formatPercent = (share: number) => percent.format(share)
export const formatDate = (iso: string | Date) => date.format(new Date(iso))
export const formatDateTime = (iso: string | Date) => dateTime.format(new Date(iso))
export const formatTime = (iso: string | Date) => time.format(new Date(iso))
/** "Friday 20 November". */
export const formatDay = (iso: string | Date) => weekday.format(new Date(iso))

const STEPS: [limitSeconds: number, unit: Intl.RelativeTimeFormatUnit, seconds: number][] = [
  [60, 'second', 1],
  [3_600, 'minute', 60],
  [86_400, 'hour', 3_600],
  [604_800, 'day', 86_400],
]
/** "4 minutes ago"; older than a week becomes a date. */
export function formatRelative(iso: string, now: number = Date.now()): string {
  const seconds = (new Date(iso).getTime() - now) / 1000
  const step = STEPS.find(([limit]) => Math.abs(seconds) < limit)
  if (!step) return formatDate(iso)
  if (step[1] === 'second' && Math.abs(seconds) < 45) return relative.format(0, 'second')
  return relative.format(Math.round(seconds / step[2]), step[1])
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte', 'terabyte'] as const
/** Decimal units, as disks and model files are sold: 5.1 GB. */
export function formatBytes(bytes: number): string {
  const power = bytes < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(bytes) / 3))
  // Bytes have no symbol of their own, only a word that has a plural: 1 byte, 42 bytes.
  const unitDisplay = power === 0 ? 'long' : 'short'
  const format = { style: 'unit', unit: UNITS[power], unitDisplay, maximumFractionDigits: power > 1 ? 1 : 0 } as const
  return new Intl.NumberFormat(locale, format).format(bytes / 1000 ** power)
}

/** 840 ms, 3.2 s, 4 min 10 s. */
export function formatDuration(ms: number): string {
  // The symbols of the SI are the same in every language; spaces within a figure do not break.
  if (ms < 1_000) return `${number.format(Math.round(ms))}\u00a0ms`
  if (ms < 60_000) return `${number.format(ms / 1_000)}\u00a0s`
  const seconds = Math.round(ms / 1_000)
  return `${number.format(Math.floor(seconds / 60))}\u00a0min ${seconds % 60}\u00a0s`
}

const credits = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 })
const smallCredits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 2 })
const SMALL_MICRO = 100_000
/** Credits from millionths of one; small sums keep their digits. */
export const formatCredits = (micro: number) => (Math.abs(micro) < SMALL_MICRO ? smallCredits : credits).format(micro / 1_000_000)

/** An amount in the smallest unit of its currency. */
export function formatMoney(amount_minor: number, currency: string): string {
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  const whole = amount_minor % 10 ** digits === 0
  return new Intl.NumberFormat(locale, { style: 'currency', currency, minimumFractionDigits: whole ? 0 : digits }).format(
    amount_minor / 10 ** digits,
  )
}
