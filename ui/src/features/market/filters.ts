import type { AgentFilters } from '@/api/queries'
import type { Category, PriceModel } from '@/api/types'

/** What the address of the marketplace says. Everything that narrows the list is in it, so a list can be sent to a colleague. */
export type MarketSearch = { q?: string; category?: string; price_model?: string; publisher?: string }
export type FilterName = keyof MarketSearch

const SEARCH_CHARACTERS_MAX = 200
const CATEGORIES: readonly Category[] = ['finance', 'people', 'support', 'sales', 'legal', 'operations']
const PRICE_MODELS: readonly PriceModel[] = ['free', 'freemium', 'one_time', 'subscription', 'usage']

/** The query of the node for an address: empty and unknown parts are left out, blanks and length are put right. */
export function filtersOf(search: MarketSearch): AgentFilters {
  const text = (value?: string) => value?.trim().slice(0, SEARCH_CHARACTERS_MAX) || undefined
  const filters: AgentFilters = {
    q: text(search.q),
    category: CATEGORIES.find((category) => category === search.category?.trim()),
    price_model: PRICE_MODELS.find((model) => model === search.price_model?.trim()),
    publisher: text(search.publisher),
  }
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined))
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
