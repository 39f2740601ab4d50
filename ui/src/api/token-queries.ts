import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import { keys } from './queries'
import type { components } from './schema'
import type { ApiKey } from './types'

type Schemas = components['schemas']

/** Names of permissions, or of groups of them. `null` where nothing was narrowed. */
export type Scopes = ApiKey['scopes']
export type NewApiKey = Schemas['CreateApiKey']
export type AppGrant = Schemas['AccountGrant']
export type ServiceAccount = Schemas['ServiceAccount']
export type BoundCertificate = Schemas['BoundCertificate']
export type OauthClient = Schemas['OauthClient']
export type OauthClientKind = Schemas['OauthClientKind']
export type OauthGrant = Schemas['OauthGrantType']
export type OauthClientInput = Schemas['NewOauthClient']
export type OauthClientChange = Schemas['OauthClientChange']
export type ScimToken = Schemas['ScimToken']
export type ScimSettings = Schemas['ScimSettings']
/** What an application asks for, as it stands in the address of the consent page. */
export type AuthorizeRequest = Schemas['AuthorizeRequest']
export type ScopeLine = Schemas['ScopeLine']
export type Asked = Schemas['OauthAsked']

export const tokenKeys = {
  apiKeys: [...keys.account, 'api-keys'] as const,
  grants: [...keys.account, 'grants'] as const,
  serviceAccounts: [...keys.people, 'service-accounts'] as const,
  serviceCertificate: (id: string) => [...keys.people, 'service-accounts', 'certificate', id] as const,
  clients: keys.applications,
  scim: [...keys.applications, 'scim'] as const,
}

/** Reads about programs that speak for somebody: keys, service accounts, applications, provisioning. */
export const tokenQueries = {
  apiKeys: () => queryOptions({ queryKey: tokenKeys.apiKeys, queryFn: ({ signal }) => api.get('/api/account/api-keys', { signal }) }),
  grants: () => queryOptions({ queryKey: tokenKeys.grants, queryFn: ({ signal }) => api.get('/api/account/grants', { signal }) }),
  serviceAccounts: () =>
    queryOptions({
      queryKey: [...tokenKeys.serviceAccounts, 'list'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/service-accounts', { signal }),
    }),
  serviceKeys: (id: string) =>
    queryOptions({
      queryKey: [...tokenKeys.serviceAccounts, 'keys', id] as const,
      queryFn: ({ signal }) => api.get('/api/admin/service-accounts/{id}/keys', { signal, path: { id } }),
    }),
  serviceCertificate: (id: string) =>
    queryOptions({
      queryKey: tokenKeys.serviceCertificate(id),
      queryFn: ({ signal }) => api.get('/api/admin/service-accounts/{id}/certificate', { signal, path: { id } }),
    }),
  clients: () => queryOptions({ queryKey: tokenKeys.clients, queryFn: ({ signal }) => api.get('/api/admin/oauth-clients', { signal }) }),
  scimTokens: () =>
    queryOptions({
      queryKey: [...tokenKeys.scim, 'tokens'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/scim-tokens', { signal }),
    }),
  scim: () =>
    queryOptions({
      queryKey: [...tokenKeys.scim, 'settings'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/scim', { signal }),
    }),
  /** What an application asks for. A refusal is final: asking again would only repeat it. */
  asked: (request: AuthorizeRequest) =>
    queryOptions({
      queryKey: ['oauth', 'authorize', request] as const,
      queryFn: ({ signal }) => api.post('/api/oauth/authorize/check', { signal, body: request }),
      retry: false,
    }),
}
