import { useNavigate, useSearch } from '@tanstack/react-router'
import { useCanNode } from '@/api/session'
import type { UsageFilter, UsageGrouping } from '@/api/usage-queries'

export const PERIODS = ['7', '30', '90', '365'] as const
const OWN_GROUPINGS = ['day', 'model', 've', 'person', 'api_key'] as const satisfies readonly UsageGrouping[]
const NODE_GROUPINGS = [...OWN_GROUPINGS, 'organisation'] as const satisfies readonly UsageGrouping[]
export const MEASURES = ['tokens', 'calls', 'cost'] as const
export const OUTCOMES = ['complete', 'cancelled', 'failed'] as const
export type Grouping = (typeof NODE_GROUPINGS)[number]
export type Measure = (typeof MEASURES)[number]
const PERIOD_USUAL = '30'
const DAY_MS = 86_400_000

/** Names of the filters in the address. */
export type FilterName = 'model' | 've' | 'person' | 'key' | 'outcome'

/** The first day of a period that ends today, in UTC as the node counts days. */
export function firstDay(days: number, now: number = Date.now()): string {
  const today = Math.floor(now / DAY_MS) * DAY_MS
  return new Date(today - (days - 1) * DAY_MS).toISOString()
}

/** Every day from the first to today, as the node names them. */
export function daysFrom(first: string, now: number = Date.now()): string[] {
  const days: string[] = []
  for (let day = Date.parse(first); day <= now; day += DAY_MS) days.push(new Date(day).toISOString().slice(0, 10))
  return days
}

/** What the address asks for, with what is usual where it says nothing; and how to ask for something else. */
export function useUsageSearch() {
  const search = useSearch({ from: '/app/admin/usage' })
  const navigate = useNavigate()
  const groupings: readonly Grouping[] = useCanNode('node.organisations') ? NODE_GROUPINGS : OWN_GROUPINGS
  const by = groupings.find((grouping) => grouping === search.by) ?? 'day'
  const across = by === 'organisation'
  const days = PERIODS.find((period) => period === search.days) ?? PERIOD_USUAL
  const period: UsageFilter = { from: firstDay(Number(days)) }
  const filter: UsageFilter = {
    ...period,
    model: search.model,
    // Employees, people and keys belong to one organisation.
    ...(across ? {} : { ve_id: search.ve, person_id: search.person, api_key_id: search.key }),
    outcome: OUTCOMES.find((outcome) => outcome === search.outcome),
  }
  const set = (part: Partial<typeof search>) => {
    const next = { ...search, ...part }
    const said = Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined && value !== ''))
    void navigate({ to: '/admin/usage', search: said, replace: true, resetScroll: false })
  }
  return {
    days,
    period,
    filter,
    set,
    by,
    groupings,
    /** Whether organisations are compared: sums of the whole node, and nobody's calls. */
    across,
    measure: MEASURES.find((measure) => measure === search.measure) ?? 'tokens',
    table: search.view === 'table',
    chosen: { model: filter.model, ve: filter.ve_id, person: filter.person_id, key: filter.api_key_id, outcome: search.outcome },
    setDays: (value: string) => set({ days: value === PERIOD_USUAL ? undefined : value }),
    setBy: (value: Grouping) => set({ by: value === 'day' ? undefined : value }),
    setMeasure: (value: Measure) => set({ measure: value === 'tokens' ? undefined : value }),
    setTable: (table: boolean) => set({ view: table ? 'table' : undefined }),
  }
}
export type UsageSearch = ReturnType<typeof useUsageSearch>
