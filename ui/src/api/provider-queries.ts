import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'

/** Reads about what may leave the node. */
export const providerQueries = {
  egress: () => queryOptions({ queryKey: keys.egress, queryFn: ({ signal }) => api.get('/api/admin/egress', { signal }) }),
  providers: () => queryOptions({ queryKey: keys.providers, queryFn: ({ signal }) => api.get('/api/admin/providers', { signal }) }),
  fallbacks: () => queryOptions({ queryKey: keys.fallbacks, queryFn: ({ signal }) => api.get('/api/admin/fallbacks', { signal }) }),
  collections: () => queryOptions({ queryKey: keys.collections, queryFn: ({ signal }) => api.get('/api/admin/collections', { signal }) }),
  residency: () => queryOptions({ queryKey: keys.residency, queryFn: ({ signal }) => api.get('/api/admin/residency', { signal }) }),
}
