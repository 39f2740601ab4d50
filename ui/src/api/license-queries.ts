import { infiniteQueryOptions, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

/** Reads about the licence. */
export const licenseQueries = {
  status: () => queryOptions({ queryKey: keys.license, queryFn: ({ signal }) => api.get('/api/license', { signal }) }),
  usage: () =>
    queryOptions({ queryKey: [...keys.license, 'usage'] as const, queryFn: ({ signal }) => api.get('/api/license/usage', { signal }) }),
  server: () =>
    queryOptions({ queryKey: [...keys.license, 'server'] as const, queryFn: ({ signal }) => api.get('/api/license/server', { signal }) }),
  history: () =>
    infiniteQueryOptions({
      queryKey: [...keys.license, 'history'] as const,
      queryFn: ({ signal, pageParam }) => api.get('/api/license/history', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
}
