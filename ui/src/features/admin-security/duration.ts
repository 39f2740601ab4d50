import { t } from '@/lib/i18n'

const MINUTES_A_DAY = 1_440

/** Minutes in the largest unit that holds them whole, for a reader who does not count in thousands; nothing where the figure says it already. */
export function durationOf(minutes: number): { unit: 'days' | 'hours' | 'minutes'; count: number } | null {
  if (!Number.isInteger(minutes) || minutes <= 0) return null
  if (minutes % MINUTES_A_DAY === 0) return { unit: 'days', count: minutes / MINUTES_A_DAY }
  if (minutes % 60 === 0) return { unit: 'hours', count: minutes / 60 }
  return { unit: 'minutes', count: minutes }
}

/** "That is 7 days." */
export function durationWords(minutes: number, written: 'hours' | 'minutes'): string | null {
  const duration = durationOf(minutes)
  if (!duration || duration.unit === written) return null
  return t('admission.security.means', { duration: t(`admission.security.${duration.unit}`, { count: duration.count }) })
}
