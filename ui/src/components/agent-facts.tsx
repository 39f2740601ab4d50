import '@/lib/i18n/en/work'
import type { Category, Price, Ve } from '@/api/types'
import { t } from '@/lib/i18n'
import { formatMoney } from '@/lib/i18n/format'
import { StatusPill } from './status'

/** The department an agent works in. */
export const categoryName = (category: Category) => t(`work.category.${category}`)

/** What an agent costs, in words: "Free", "€49 a month". */
export function priceText(price: Price): string {
  if (price.model === 'free' || price.model === 'freemium') return t(`work.price.${price.model}`)
  const amount = formatMoney(price.amount_minor, price.currency)
  if (price.model === 'one_time' || !price.unit) return t('work.price.one_time', { amount })
  return t('work.price.per', { amount, unit: price.unit })
}

/** The given name, for sentences about an employee. */
export const firstName = (name: string) => name.trim().split(/\s+/)[0] ?? name

/** What an employee answers with right now, in two or three words. */
export function answeringText(employee: Pick<Ve, 'answering'>): string {
  const { mode, model } = employee.answering
  if (mode === 'extractive') return t('work.model.extractive')
  return model === 'starter' ? t('work.model.starter') : model
}

/** Whether an employee is answering somebody at this moment, free, or gone. */
export function PresencePill({ employee }: { employee: Pick<Ve, 'state' | 'busy'> }) {
  if (employee.state === 'dismissed') return <StatusPill state="paused">{t('work.dismissed')}</StatusPill>
  return employee.busy ? <StatusPill state="running">{t('work.busy')}</StatusPill> : <StatusPill state="done">{t('work.free')}</StatusPill>
}

/** The state its orb shows. */
export const orbState = (employee: Pick<Ve, 'state' | 'busy'>) =>
  employee.state === 'dismissed' ? ('off' as const) : employee.busy ? ('working' as const) : undefined
