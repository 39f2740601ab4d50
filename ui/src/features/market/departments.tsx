import type { Category, Facets } from '@/api/types'
import { categoryName } from '@/components/agent-facts'
import { t } from '@/lib/i18n'
import { formatNumber } from '@/lib/i18n/format'
import { type MarketSearch, withFilter } from './filters'

const CATEGORIES: readonly Category[] = ['finance', 'people', 'support', 'sales', 'legal', 'operations']

type DepartmentsProps = { search: MarketSearch; facets: Facets | undefined; onSearch: (search: MarketSearch) => void }

/** One department or all of them. */
export function Departments({ search, facets, onSearch }: DepartmentsProps) {
  const counts = new Map(facets?.category.map((facet) => [facet.value, facet.count]))
  const pill = (value: Category | undefined, label: string) => {
    const on = search.category === value
    const count = value ? counts.get(value) : undefined
    return (
      <button
        key={value ?? 'all'}
        type="button"
        aria-pressed={on}
        onClick={() => onSearch(withFilter(search, 'category', value))}
        className={`h-10 shrink-0 rounded-full px-4 text-[14px] font-medium transition-colors ${on ? 'bg-brand-fill text-white' : 'text-ink-2 hover:bg-surface-2 hover:text-ink'}`}
      >
        {label}
        {count === undefined ? null : (
          <span className={`ms-1.5 font-mono text-[12px] ${on ? '' : 'text-ink-3'}`}>{formatNumber(count)}</span>
        )}
      </button>
    )
  }
  return (
    <fieldset aria-label={t('market.departments')} className="-mx-4 mt-4 flex gap-1.5 overflow-x-auto px-4 py-1 [scrollbar-width:none]">
      {pill(undefined, t('market.all'))}
      {CATEGORIES.map((category) => pill(category, categoryName(category)))}
    </fieldset>
  )
}
