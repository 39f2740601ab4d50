import { queryOptions } from '@tanstack/react-query'
import { clientFor } from './client'
import type { GroupRule, List, Operation, RoleGrant, TestStep } from './contract'

export type IdentityProviderKind = 'saml' | 'oidc'
export type IdpCertificate = { pem: string; fingerprint: string; not_after: string }
export type SpCertificate = { fingerprint: string; not_after: string; active: boolean }

/** What the identity provider says about itself, and how this node speaks to it. */
export type SamlSettings = {
  idp_entity_id: string
  sso_url: string
  slo_url: string | null
  want_encrypted: boolean
  allow_idp_initiated: boolean
  sign_requests: boolean
  name_id_format: string | null
}
export type SamlInput = SamlSettings & { certificates: { pem: string }[] }
/** With what this node says about itself, to be entered at the identity provider. */
export type Saml = SamlSettings & {
  certificates: IdpCertificate[]
  sp_entity_id: string
  acs_url: string
  metadata_url: string
  /** Where this node takes sign-out messages. */
  sp_slo_url: string
  sp_certificates: SpCertificate[]
}
/** What was read from a metadata document. */
export type SamlMetadata = Pick<SamlSettings, 'idp_entity_id' | 'sso_url' | 'slo_url'> & {
  certificates: IdpCertificate[]
  name_id_format?: string | null
  sign_requests?: boolean
}

export type OidcInput = { issuer: string; client_id: string; client_secret?: string; scopes: string[] }
export type Oidc = { issuer: string; client_id: string; has_client_secret: boolean; scopes: string[]; redirect_uri: string }

export type IdentityAttributes = { email: string; display_name: string; groups: string }
type Common = {
  name: string
  enabled: boolean
  attributes: IdentityAttributes
  group_map: GroupRule[]
  default_grant: RoleGrant | null
}
/** A sign-in that was refused, with the reason that its person was not told. */
export type SignInFailure = { at: string; request_id: string; code: string; reason: string }
export type IdentityProvider = Common & {
  id: string
  kind: IdentityProviderKind
  saml: Saml | null
  oidc: Oidc | null
  /** The newest first. */
  recent_failures: SignInFailure[]
}
export type IdentityProviderInput = Common & { kind: IdentityProviderKind; saml?: SamlInput; oidc?: OidcInput }
export type IdentityProviderChange = Partial<Common> & { saml?: SamlInput; oidc?: OidcInput }

/** Where the test begins, and the name of its result. */
export type LoginTest = { login_path: string; test: string }
export type LoginTestResult = {
  state: 'waiting' | 'done'
  steps: TestStep[]
  attributes: Record<string, string[]>
  would_grant: { organisation: string; role: string }[]
}

export type IdentityProviderPaths = {
  '/api/admin/identity-providers': { get: Operation<List<IdentityProvider>>; post: Operation<IdentityProvider, IdentityProviderInput> }
  '/api/admin/identity-providers/{id}': {
    get: Operation<IdentityProvider>
    patch: Operation<IdentityProvider, IdentityProviderChange>
    delete: Operation<undefined>
  }
  '/api/admin/identity-providers/saml/parse-metadata': { post: Operation<SamlMetadata, { xml: string }> }
  '/api/admin/identity-providers/{id}/test': { post: Operation<LoginTest> }
  '/api/admin/identity-providers/{id}/tests/{test}': { get: Operation<LoginTestResult> }
  '/api/admin/identity-providers/{id}/rotate-key': { post: Operation<unknown> }
  '/api/admin/identity-providers/{id}/activate-key': { post: Operation<unknown> }
}
export const identityProviderApi = clientFor<IdentityProviderPaths>()

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
      queryFn: ({ signal }) => identityProviderApi.get('/api/admin/identity-providers', { signal }),
    }),
  one: (id: string) =>
    queryOptions({
      queryKey: identityProviderKeys.one(id),
      queryFn: ({ signal }) => identityProviderApi.get('/api/admin/identity-providers/{id}', { signal, path: { id } }),
    }),
  /** The result of a login that somebody makes in another tab. */
  test: (id: string, test: string) =>
    queryOptions({
      queryKey: [...identityProviderKeys.one(id), 'test', test] as const,
      queryFn: ({ signal }) => identityProviderApi.get('/api/admin/identity-providers/{id}/tests/{test}', { signal, path: { id, test } }),
      refetchInterval: ({ state }) => (state.data?.state === 'done' ? false : WAITING_POLL_MS),
      refetchIntervalInBackground: true,
    }),
}
