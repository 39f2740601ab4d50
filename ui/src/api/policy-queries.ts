import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { isApiError } from './error'
import type { components } from './schema'

type Schemas = components['schemas']

export type ResourceType = Schemas['ResourceType']
export type Policy = Schemas['Policy']
export type PolicyInput = Schemas['SetPolicy']
export type AuthoriserInput = Required<Schemas['Authoriser']>
/** What the authoriser answered to a question that nobody asked. */
export type AuthoriserTest = Schemas['AuthoriserTest']

export const policyKeys = { policies: ['policies'] as const, authoriser: ['authoriser'] as const }

/** The authoriser, or `null` where none is set. */
async function readAuthoriser(signal: AbortSignal): Promise<AuthoriserInput | null> {
  try {
    const { on_failure = 'deny', ...found } = await api.get('/api/admin/authoriser', { signal })
    return { ...found, on_failure }
  } catch (error) {
    if (isApiError(error) && error.status === 404) return null
    throw error
  }
}

/** Reads about who may use what. */
export const policyQueries = {
  policies: () => queryOptions({ queryKey: policyKeys.policies, queryFn: ({ signal }) => api.get('/api/admin/policies', { signal }) }),
  authoriser: () => queryOptions({ queryKey: policyKeys.authoriser, queryFn: ({ signal }) => readAuthoriser(signal) }),
}
