import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'

/** Reads about the node's models that only the models page needs. */
export const modelQueries = {
  runtime: () =>
    queryOptions({ queryKey: keys.runtime, queryFn: ({ signal }) => api.get('/api/admin/models/runtime', { signal }), staleTime: 0 }),
  uploads: () => queryOptions({ queryKey: keys.uploads, queryFn: ({ signal }) => api.get('/api/admin/models/uploads', { signal }) }),
  refused: () =>
    queryOptions({
      queryKey: [...keys.models, 'refused-files'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/models/refused-files', { signal }),
    }),
  aliases: () =>
    queryOptions({
      queryKey: [...keys.models, 'aliases'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/models/aliases', { signal }),
    }),
  known: () =>
    queryOptions({ queryKey: [...keys.models, 'known'] as const, queryFn: ({ signal }) => api.get('/api/admin/models/known', { signal }) }),
  users: (id: string) =>
    queryOptions({
      queryKey: [...keys.models, 'users', id] as const,
      queryFn: ({ signal }) => api.get('/api/admin/models/{id}/users', { signal, path: { id } }),
      staleTime: 0,
    }),
}
