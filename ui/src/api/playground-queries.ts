import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

/** Reads of the playground and of what people thought of answers; they come with the page that needs them. */
export const playgroundQueries = {
  playgroundRuns: (everyone: boolean) =>
    infiniteQueryOptions({
      queryKey: [...keys.playground, 'list', everyone] as const,
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/playground/runs', { signal, query: { everyone, cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  playgroundRun: (id: string) =>
    queryOptions({
      queryKey: keys.playgroundRun(id),
      queryFn: ({ signal }) => api.get('/api/playground/runs/{id}', { signal, path: { id } }),
    }),
  ratingResults: (days: number) =>
    queryOptions({
      queryKey: [...keys.ratings, 'results', days] as const,
      queryFn: ({ signal }) => api.get('/api/ratings/results', { signal, query: { days } }),
      placeholderData: keepPreviousData,
    }),
  ratingReasons: (agent: string | null, model: string) =>
    infiniteQueryOptions({
      queryKey: [...keys.ratings, 'reasons', agent, model] as const,
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/ratings/reasons', {
          signal,
          query: { agent_id: agent ?? undefined, model, cursor: pageParam, limit: PAGE_SIZE },
        }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
}
