import { infiniteQueryOptions, keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { isApiError } from './error'
import type { Category, PriceModel, Session } from './types'

/** Query keys by subject, widest first: invalidating `keys.ve(id)` also reaches its messages and conversations. */
export const keys = {
  session: ['session'] as const,
  setup: ['setup'] as const,
  health: ['health'] as const,
  overview: ['overview'] as const,
  usage: ['usage'] as const,
  agents: ['agents'] as const,
  agent: (id: string) => ['agents', 'one', id] as const,
  ves: ['ves'] as const,
  ve: (id: string) => ['ves', 'one', id] as const,
  conversations: (ve: string) => ['ves', 'one', ve, 'conversations'] as const,
  messages: (ve: string, conversation: string | null) => ['ves', 'one', ve, 'messages', conversation ?? 'latest'] as const,
  modelChoices: ['models', 'choices'] as const,
  models: ['models'] as const,
  runtime: ['models', 'runtime'] as const,
  uploads: ['models', 'uploads'] as const,
  quotas: ['quotas'] as const,
  providers: ['providers'] as const,
  egress: ['egress'] as const,
  fallbacks: ['fallbacks'] as const,
  residency: ['residency'] as const,
  collections: ['collections'] as const,
  license: ['license'] as const,
  people: ['people'] as const,
  prompts: ['prompts'] as const,
  prompt: (id: string) => ['prompts', 'one', id] as const,
  playground: ['playground'] as const,
  playgroundRun: (id: string) => ['playground', 'one', id] as const,
  ratings: ['ratings'] as const,
  organisations: ['organisations'] as const,
  node: ['node'] as const,
  account: ['account'] as const,
  directories: ['directories'] as const,
  applications: ['oauth-clients'] as const,
  mail: ['mail'] as const,
  /** Read before anybody is signed in: the ways in, an invitation, a link. */
  signIn: ['sign-in'] as const,
}

export type AgentFilters = { q?: string; category?: Category; price_model?: PriceModel; publisher?: string; featured?: boolean }

const PAGE_SIZE = 50
const FIRST_PAGE: string | undefined = undefined
const nextPage = (page: { next_cursor: string | null }) => page.next_cursor ?? undefined

/** The session, or `null` when nobody is signed in. Every other failure is an error. */
async function readSession(signal: AbortSignal): Promise<Session | null> {
  try {
    return await api.get('/api/session', { signal })
  } catch (error) {
    if (isApiError(error) && error.status === 401) return null
    throw error
  }
}

/** Every read of the interface, ready for `useQuery`, `useSuspenseQuery` and route loaders. */
export const queries = {
  session: () => queryOptions({ queryKey: keys.session, queryFn: ({ signal }) => readSession(signal), staleTime: 60_000 }),
  setup: () => queryOptions({ queryKey: keys.setup, queryFn: ({ signal }) => api.get('/api/setup', { signal }), staleTime: 5_000 }),
  overview: () => queryOptions({ queryKey: keys.overview, queryFn: ({ signal }) => api.get('/api/overview', { signal }) }),
  usage: () =>
    infiniteQueryOptions({
      queryKey: keys.usage,
      queryFn: ({ signal, pageParam }) => api.get('/api/billing/usage', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  agents: (filters: AgentFilters = {}) =>
    infiniteQueryOptions({
      queryKey: [...keys.agents, 'list', filters] as const,
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/marketplace/agents', { signal, query: { ...filters, cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
      placeholderData: keepPreviousData,
    }),
  agent: (id: string) =>
    queryOptions({ queryKey: keys.agent(id), queryFn: ({ signal }) => api.get('/api/marketplace/agents/{id}', { signal, path: { id } }) }),
  passage: (agent: string, passage: string) =>
    queryOptions({
      queryKey: [...keys.agent(agent), 'handbook', passage] as const,
      queryFn: ({ signal }) => api.get('/api/marketplace/agents/{id}/handbook/{passage}', { signal, path: { id: agent, passage } }),
      staleTime: Number.POSITIVE_INFINITY,
    }),
  ves: (state?: 'active' | 'dismissed') =>
    queryOptions({
      queryKey: [...keys.ves, 'list', state ?? 'all'] as const,
      queryFn: ({ signal }) => api.get('/api/ves', { signal, query: { state, limit: 100 } }),
    }),
  ve: (id: string) => queryOptions({ queryKey: keys.ve(id), queryFn: ({ signal }) => api.get('/api/ves/{id}', { signal, path: { id } }) }),
  conversations: (ve: string) =>
    infiniteQueryOptions({
      queryKey: keys.conversations(ve),
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/ves/{id}/conversations', { signal, path: { id: ve }, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  /** Newest first; `null` reads the latest conversation. */
  messages: (ve: string, conversation: string | null) =>
    infiniteQueryOptions({
      queryKey: keys.messages(ve, conversation),
      queryFn: ({ signal, pageParam }) =>
        api.get('/api/ves/{id}/messages', {
          signal,
          path: { id: ve },
          query: { conversation_id: conversation ?? undefined, cursor: pageParam, limit: PAGE_SIZE },
        }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  versions: (ve: string, message: string) =>
    queryOptions({
      queryKey: [...keys.ve(ve), 'versions', message] as const,
      queryFn: ({ signal }) => api.get('/api/ves/{id}/messages/{message}/versions', { signal, path: { id: ve, message } }),
    }),
  modelChoices: () => queryOptions({ queryKey: keys.modelChoices, queryFn: ({ signal }) => api.get('/api/models', { signal }) }),
  models: () =>
    queryOptions({ queryKey: [...keys.models, 'admin'] as const, queryFn: ({ signal }) => api.get('/api/admin/models', { signal }) }),
  people: () =>
    infiniteQueryOptions({
      queryKey: keys.people,
      queryFn: ({ signal, pageParam }) => api.get('/api/admin/people', { signal, query: { cursor: pageParam, limit: PAGE_SIZE } }),
      initialPageParam: FIRST_PAGE,
      getNextPageParam: nextPage,
    }),
  organisations: () =>
    queryOptions({ queryKey: keys.organisations, queryFn: ({ signal }) => api.get('/api/admin/organisations', { signal }) }),
  node: () => queryOptions({ queryKey: keys.node, queryFn: ({ signal }) => api.get('/api/admin/node', { signal }) }),
  accountSessions: () =>
    queryOptions({
      queryKey: [...keys.account, 'sessions'] as const,
      queryFn: ({ signal }) => api.get('/api/account/sessions', { signal }),
    }),
  apiKeys: () =>
    queryOptions({
      queryKey: [...keys.account, 'api-keys'] as const,
      queryFn: ({ signal }) => api.get('/api/account/api-keys', { signal }),
    }),
}
