import { queryOptions } from '@tanstack/react-query'
import { api } from './client'
import type { components } from './schema'

type Schemas = components['schemas']

export type IdentityProvider = Schemas['IdentityProvider']
export type IdentityProviderKind = Schemas['IdentityProviderKind']
export type IdentityProviderInput = Schemas['NewIdentityProvider']
export type IdentityAttributes = Required<Schemas['AttributeNames']>
export type IdpCertificate = Schemas['IdpCertificate']
/** What the identity provider says about itself, how this node speaks to it, and what is to be entered there. */
export type Saml = Schemas['SamlView']
export type SamlInput = Schemas['SamlInput']
/** What was read from a metadata document. */
export type SamlMetadata = Schemas['SamlMetadata']
export type Oidc = Schemas['OidcView']
export type OidcInput = Schemas['OidcInput']
/** A sign-in that was refused, with the reason that its person was not told. */
export type SignInFailure = Schemas['SignInFailure']
export type LoginTestResult = Schemas['LoginTestResult']

export const identityProviderKeys = {
  all: ['identity-providers'] as const,
  one: (id: string) => ['identity-providers', 'one', id] as const,
}

const WAITING_POLL_MS = 1_500

/** Reads about the identity providers people sign in with. */
export const identityProviderQueries = {
  list: () =>
    queryOptions({
      queryKey: [...identityProviderKeys.all, 'list'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/identity-providers', { signal }),
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: identityProviderKeys.one(id),
      queryFn: ({ signal }) => api.get('/api/admin/identity-providers/{id}', { signal, path: { id } }),
    }),
  /** What it says of people and the node does not take over. */
  refusals: (id: string) =>
    queryOptions({
      queryKey: [...identityProviderKeys.one(id), 'refusals'] as const,
      queryFn: ({ signal }) => api.get('/api/admin/identity-providers/{id}/refusals', { signal, path: { id } }),
    }),
  /** The result of a login that somebody makes in another tab. */
  test: (id: string, test: string) =>
    queryOptions({
      queryKey: [...identityProviderKeys.one(id), 'test', test] as const,
      queryFn: ({ signal }) => api.get('/api/admin/identity-providers/{id}/tests/{test}', { signal, path: { id, test } }),
      refetchInterval: ({ state }) => (state.data?.state === 'done' ? false : WAITING_POLL_MS),
      refetchIntervalInBackground: true,
    }),
}
