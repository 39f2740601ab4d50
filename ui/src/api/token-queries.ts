import { queryOptions } from '@tanstack/react-query'
import { clientFor } from './client'
import type { List, Operation } from './contract'
import { keys } from './queries'

/** Names of permissions, or of groups of them. `null` where nothing was narrowed. */
export type Scopes = string[] | null

export type ScopedApiKey = {
  id: string
  name: string
  prefix: string
  scopes?: Scopes
  ves?: string[] | null
  created_at: string
  last_used_at?: string | null
  expires_at?: string | null
}
export type NewApiKey = { name: string; expires_in_days?: number; scopes?: string[]; ves?: string[] }
export type MadeApiKey = { id: string; name: string; key: string }

export type AppGrant = {
  id: string
  client: { id: string; name: string }
  scopes: string[]
  created_at: string
  last_used_at: string | null
}

export type ServiceAccount = {
  id: string
  name: string
  role: string
  created_at: string
  last_used_at: string | null
  disabled: boolean
  keys: number
}

export type OauthClientKind = 'public' | 'confidential'
export type OauthGrant = 'authorization_code' | 'client_credentials' | 'device'
export type OauthClientInput = {
  name: string
  kind: OauthClientKind
  redirect_uris: string[]
  grants: OauthGrant[]
  scopes: string[]
  service_account?: string | null
}
export type OauthClient = OauthClientInput & { id: string; created_at?: string; last_used_at?: string | null }

export type ScimToken = { id: string; name: string; created_at: string; last_used_at: string | null; expires_at: string | null }
export type ScimSettings = { default_role: string | null; group_roles: { group: string; role: string }[] }

/** What an application asks for, as it stands in the address of the consent page. */
export type AuthorizeRequest = {
  client_id: string
  redirect_uri: string
  scope: string
  state: string
  code_challenge: string
  code_challenge_method: string
  response_type: string
  resource?: string
}
export type ScopeLine = { name: string; description: string }
export type Asked = { client: { id: string; name: string; kind?: OauthClientKind }; organisation?: string; scopes: ScopeLine[] }

export type TokenPaths = {
  '/api/account/api-keys': { get: Operation<List<ScopedApiKey>>; post: Operation<MadeApiKey, NewApiKey> }
  '/api/account/api-keys/{id}': { delete: Operation<undefined> }
  '/api/account/grants': { get: Operation<List<AppGrant>> }
  '/api/account/grants/{id}': { delete: Operation<undefined> }
  '/api/admin/service-accounts': { get: Operation<List<ServiceAccount>>; post: Operation<ServiceAccount, { name: string; role: string }> }
  '/api/admin/service-accounts/{id}': {
    patch: Operation<ServiceAccount, { name?: string; role?: string; disabled?: boolean }>
    delete: Operation<undefined>
  }
  '/api/admin/service-accounts/{id}/keys': { get: Operation<List<ScopedApiKey>>; post: Operation<MadeApiKey, NewApiKey> }
  '/api/admin/service-accounts/{id}/keys/{key}': { delete: Operation<undefined> }
  '/api/admin/oauth-clients': {
    get: Operation<List<OauthClient>>
    post: Operation<{ client: OauthClient; secret: string | null }, OauthClientInput>
  }
  '/api/admin/oauth-clients/{id}': { patch: Operation<OauthClient, Partial<OauthClientInput>>; delete: Operation<undefined> }
  '/api/admin/oauth-clients/{id}/secret': { post: Operation<{ secret: string }> }
  '/api/admin/scim-tokens': {
    get: Operation<List<ScimToken> & { base_url?: string }>
    post: Operation<{ token: ScimToken; secret: string; base_url: string }, { name: string }>
  }
  '/api/admin/scim-tokens/{id}': { delete: Operation<undefined> }
  '/api/admin/scim': { get: Operation<ScimSettings>; put: Operation<ScimSettings, ScimSettings> }
  '/api/oauth/authorize/check': { post: Operation<Asked, AuthorizeRequest> }
  '/api/oauth/authorize/decide': { post: Operation<{ redirect_to: string }, AuthorizeRequest & { allow: boolean }> }
  '/api/oauth/device/check': { post: Operation<Asked, { user_code: string }> }
  '/api/oauth/device/decide': { post: Operation<undefined, { user_code: string; allow: boolean }> }
}
export const tokenApi = clientFor<TokenPaths>()

export const tokenKeys = {
  apiKeys: [...keys.account, 'api-keys'] as const,
  grants: [...keys.account, 'grants'] as const,
  serviceAccounts: ['service-accounts'] as const,
  clients: keys.applications,
  scim: ['scim'] as const,
}

/** Reads about programs that speak for somebody: keys, service accounts, applications, provisioning. */
export const tokenQueries = {
  apiKeys: () => queryOptions({ queryKey: tokenKeys.apiKeys, queryFn: ({ signal }) => tokenApi.get('/api/account/api-keys', { signal }) }),
  grants: () => queryOptions({ queryKey: tokenKeys.grants, queryFn: ({ signal }) => tokenApi.get('/api/account/grants', { signal }) }),
  serviceAccounts: () =>
    queryOptions({
      queryKey: [...tokenKeys.serviceAccounts, 'list'] as const,
      queryFn: ({ signal }) => tokenApi.get('/api/admin/service-accounts', { signal }),
    }),
  serviceKeys: (id: string) =>
    queryOptions({
      queryKey: [...tokenKeys.serviceAccounts, 'keys', id] as const,
      queryFn: ({ signal }) => tokenApi.get('/api/admin/service-accounts/{id}/keys', { signal, path: { id } }),
    }),
  clients: () =>
    queryOptions({ queryKey: tokenKeys.clients, queryFn: ({ signal }) => tokenApi.get('/api/admin/oauth-clients', { signal }) }),
  scimTokens: () =>
    queryOptions({
      queryKey: [...tokenKeys.scim, 'tokens'] as const,
      queryFn: ({ signal }) => tokenApi.get('/api/admin/scim-tokens', { signal }),
    }),
  scim: () =>
    queryOptions({
      queryKey: [...tokenKeys.scim, 'settings'] as const,
      queryFn: ({ signal }) => tokenApi.get('/api/admin/scim', { signal }),
    }),
  /** What an application asks for. A refusal is final: asking again would only repeat it. */
  asked: (request: AuthorizeRequest) =>
    queryOptions({
      queryKey: ['oauth', 'authorize', request] as const,
      queryFn: ({ signal }) => tokenApi.post('/api/oauth/authorize/check', { signal, body: request }),
      retry: false,
    }),
}
