import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'
import type { paths } from './schema'
import type { Ve } from './types'

type Query = NonNullable<paths['/api/billing/usage']['get']['parameters']['query']>
export type UsageFilter = Pick<Query, 'from' | 'to' | 'model' | 'outcome' | 've_id' | 'person_id' | 'api_key_id'>
export type UsageGrouping = NonNullable<Query['group_by']>

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined

/** Pages of employees that are read for their names; more have none here. */
const TEAM_PAGES_MAX = 50

/** Everybody of the organisation's team, also those beyond one page. */
async function everyEmployee(signal: AbortSignal): Promise<{ items: Ve[] }> {
  const items: Ve[] = []
  let cursor: string | undefined
  for (let page = 0; page < TEAM_PAGES_MAX; page += 1) {
    const read = await api.get('/api/ves', { signal, query: { cursor, limit: 100 } })
    items.push(...read.items)
    if (!read.next_cursor) break
    cursor = read.next_cursor
  }
  return { items }
}

/** Reads of the usage page, and of the limits of use. */
export const usageQueries = {
  groups: (filter: UsageFilter, group_by: UsageGrouping) =>
    queryOptions({
      queryKey: [...keys.usage, 'groups', filter, group_by] as const,
      queryFn: ({ signal }) => api.get('/api/billing/usage', { signal, query: { ...filter, group_by, limit: 1 } }),
      placeholderData: keepPreviousData,
    }),
  team: () => queryOptions({ queryKey: [...keys.ves, 'list', 'everybody'] as const, queryFn: ({ signal }) => everyEmployee(signal) }),
  calls: (filter: UsageFilter) =>
    infiniteQueryOptions({
      queryKey: [...keys.usage, 'calls', filter] as const,
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/billing/usage', { signal, query: { ...filter, cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: (page: { next_cursor: string | null }) => page.next_cursor ?? undefined,
      placeholderData: keepPreviousData,
    }),
  quotas: () => queryOptions({ queryKey: keys.quotas, queryFn: ({ signal }) => api.get('/api/admin/quotas', { signal }) }),
}
