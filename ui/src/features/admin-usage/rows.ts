import type { UsageGroup, Ve } from '@/api/types'
import { type Cell, csvTable, rounded } from '@/lib/csv'
import { t } from '@/lib/i18n'
import { formatCompact, formatCredits, formatDate, formatNumber } from '@/lib/i18n/format'
import { daysFrom, type Grouping, type Measure } from './search'

/** A group with the name people know it by. */
export type Row = UsageGroup & { id: string; name: string }

const NOTHING: Omit<UsageGroup, 'key' | 'label'> = {
  messages: 0,
  calls: 0,
  failed: 0,
  cancelled: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  words_quoted: 0,
  cost_micro_credits: 0,
  queue_ms_mean: null,
  first_token_ms_mean: null,
  latency_ms_mean: null,
  tokens_per_second: null,
}

export const measured = (group: UsageGroup, measure: Measure): number => {
  if (measure === 'calls') return group.calls
  if (measure === 'cost') return group.cost_micro_credits
  return group.input_tokens + group.output_tokens
}

export const shownValue = (value: number, measure: Measure): string => {
  if (measure === 'cost') return formatCredits(value)
  return value < 10_000 ? formatNumber(value) : formatCompact(value)
}

function nameOf(group: UsageGroup, by: Grouping, team: readonly Ve[]): string {
  if (group.key === null) return t(by === 've' ? 'usage.direct' : 'usage.browser')
  if (by === 'day') return formatDate(group.key)
  if (by === 'model') return group.key
  if (by === 've') return team.find((ve) => ve.id === group.key)?.persona_name ?? t('usage.gone')
  return group.label ?? t(by === 'organisation' ? 'usage.private' : 'usage.gone')
}

/** Days in their order, with the empty ones between; everything else with the most first. */
export function rowsOf(groups: readonly UsageGroup[], by: Grouping, measure: Measure, team: readonly Ve[], first: string): Row[] {
  const row = (group: UsageGroup): Row => ({ ...group, id: group.key ?? '', name: nameOf(group, by, team) })
  if (by !== 'day') return groups.map(row).sort((a, b) => measured(b, measure) - measured(a, measure))
  const known = new Map(groups.map((group) => [group.key, group]))
  return daysFrom(first).map((day) => row(known.get(day) ?? { ...NOTHING, key: day, label: null }))
}

/** The same figures for other programs. */
export const csvOf = (rows: readonly Row[], head: readonly string[], by: Grouping): string =>
  csvTable(
    head,
    rows.map((row): Cell[] => [
      by === 'day' ? row.key : row.name,
      row.calls,
      row.failed,
      row.input_tokens,
      row.cached_tokens,
      row.output_tokens,
      row.cost_micro_credits / 1_000_000,
      rounded(row.first_token_ms_mean, 0),
      rounded(row.tokens_per_second, 1),
    ]),
  )
