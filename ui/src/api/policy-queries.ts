import { queryOptions } from '@tanstack/react-query'
import { clientFor } from './client'
import type { List, Operation } from './contract'
import { isApiError } from './error'

export type ResourceType = 've' | 'model' | 'collection'
export type Policy = {
  resource_type: ResourceType
  resource_id: string
  resource_name: string
  people: { id: string; display_name: string }[]
  roles: string[]
}
export type PolicyInput = { people: string[]; roles: string[] }

export type AuthoriserInput = { url: string; timeout_ms: number; on_failure: 'deny' | 'allow'; enabled: boolean }
/** What the authoriser answered to a question that nobody asked. */
export type AuthoriserTest = { ok?: boolean; allow?: boolean; reason?: string | null; milliseconds?: number; error?: string | null }

export type PolicyPaths = {
  '/api/admin/policies': { get: Operation<List<Policy>> }
  '/api/admin/policies/{type}/{id}': { put: Operation<Policy, PolicyInput>; delete: Operation<undefined> }
  '/api/admin/authoriser': {
    get: Operation<Partial<AuthoriserInput> | null>
    put: Operation<AuthoriserInput, AuthoriserInput>
    delete: Operation<undefined>
  }
  '/api/admin/authoriser/test': { post: Operation<AuthoriserTest> }
}
export const policyApi = clientFor<PolicyPaths>()

export const policyKeys = { policies: ['policies'] as const, authoriser: ['authoriser'] as const }

/** The authoriser, or `null` where none is set. */
async function readAuthoriser(signal: AbortSignal): Promise<AuthoriserInput | null> {
  try {
    const found = await policyApi.get('/api/admin/authoriser', { signal })
    if (!found?.url) return null
    return { url: found.url, timeout_ms: found.timeout_ms ?? 0, on_failure: found.on_failure ?? 'deny', enabled: found.enabled ?? false }
  } catch (error) {
    if (isApiError(error) && error.status === 404) return null
    throw error
  }
}

/** Reads about who may use what. */
export const policyQueries = {
  policies: () =>
    queryOptions({ queryKey: policyKeys.policies, queryFn: ({ signal }) => policyApi.get('/api/admin/policies', { signal }) }),
  authoriser: () => queryOptions({ queryKey: policyKeys.authoriser, queryFn: ({ signal }) => readAuthoriser(signal) }),
}
