import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

/** Reads of prompt templates; they come with the pages that need them. */
export const promptQueries = {
  prompts: (filters: { q?: string; archived?: boolean } = {}) =>
    infiniteQueryOptions({
      queryKey: [...keys.prompts, 'list', filters] as const,
      queryFn: ({ signal, pageParam }) => api.get('/api/prompts', { signal, query: { ...filters, cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
      placeholderData: keepPreviousData,
    }),
  prompt: (id: string) =>
    queryOptions({ queryKey: keys.prompt(id), queryFn: ({ signal }) => api.get('/api/prompts/{id}', { signal, path: { id } }) }),
  promptVersions: (id: string) =>
    infiniteQueryOptions({
      queryKey: [...keys.prompt(id), 'versions'] as const,
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/prompts/{id}/versions', { signal, path: { id }, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  promptVersion: (id: string, version: number) =>
    queryOptions({
      queryKey: [...keys.prompt(id), 'versions', version] as const,
      queryFn: ({ signal }) => api.get('/api/prompts/{id}/versions/{version}', { signal, path: { id, version: String(version) } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  promptDiff: (id: string, from: number, to: number) =>
    queryOptions({
      queryKey: [...keys.prompt(id), 'diff', from, to] as const,
      queryFn: ({ signal }) => api.get('/api/prompts/{id}/diff', { signal, path: { id }, query: { from, to } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
}
