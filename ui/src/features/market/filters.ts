import type { AgentFilters } from '@/api/queries'

/** What the address of the marketplace says. Everything that narrows the list is in it, so a list can be sent to a colleague. */
export type MarketSearch = { q?: string; category?: string; price_model?: string; publisher?: string }
export type FilterName = keyof MarketSearch

const SEARCH_CHARACTERS_MAX = 200
const NAMES = ['q', 'category', 'price_model', 'publisher'] as const

/** The query of the node for an address: empty parts are left out, blanks and length are put right. */
export function filtersOf(search: MarketSearch): AgentFilters {
  const filters: AgentFilters = {}
  for (const name of NAMES) {
    const value = search[name]?.trim().slice(0, SEARCH_CHARACTERS_MAX)
    if (value) filters[name] = value
  }
  return filters
}

/** The address with one filter changed; an empty value takes it away. */
export function withFilter(search: MarketSearch, name: FilterName, value: string | undefined): MarketSearch {
  const next = { ...search }
  if (value?.trim()) next[name] = value
  else delete next[name]
  return next
}

/** How many filters of the sheet are on; the department and the search have their own place. */
export const sheetCount = (search: MarketSearch) => [search.price_model, search.publisher].filter(Boolean).length

/** Whether the list is narrowed at all. */
export const isNarrowed = (search: MarketSearch) => Object.keys(filtersOf(search)).length > 0
