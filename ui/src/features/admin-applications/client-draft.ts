import type { OauthClient, OauthClientInput, OauthClientKind, OauthGrant } from '@/api/token-queries'

export const GRANTS: readonly OauthGrant[] = ['authorization_code', 'device', 'client_credentials']

/** An application as it stands in the form; addresses one a line. */
export type Draft = {
  name: string
  kind: OauthClientKind
  redirect_uris: string
  grants: OauthGrant[]
  scopes: string[]
  service_account: string
}

export const emptyDraft = (): Draft => ({
  name: '',
  kind: 'confidential',
  redirect_uris: '',
  grants: ['authorization_code'],
  scopes: ['read'],
  service_account: '',
})

export const draftOf = (client: OauthClient): Draft => ({
  name: client.name,
  kind: client.kind,
  redirect_uris: client.redirect_uris.join('\n'),
  grants: client.grants,
  scopes: client.scopes,
  service_account: client.service_account ?? '',
})

/** A public client keeps no secret, so it can act in nobody’s but a person’s name. */
export const grantsFor = (kind: OauthClientKind): readonly OauthGrant[] =>
  kind === 'public' ? GRANTS.filter((grant) => grant !== 'client_credentials') : GRANTS

export const withKind = (draft: Draft, kind: OauthClientKind): Draft => ({
  ...draft,
  kind,
  grants: draft.grants.filter((grant) => grantsFor(kind).includes(grant)),
})

export const needsAddress = (draft: Draft) => draft.grants.includes('authorization_code')
export const needsAccount = (draft: Draft) => draft.grants.includes('client_credentials')
const addresses = (draft: Draft) => draft.redirect_uris.split(/\s+/).filter(Boolean)

export const isWhole = (draft: Draft): boolean =>
  draft.name.trim() !== '' &&
  draft.grants.length > 0 &&
  draft.scopes.length > 0 &&
  (!needsAddress(draft) || addresses(draft).length > 0) &&
  (!needsAccount(draft) || draft.service_account !== '')

export const toInput = (draft: Draft): OauthClientInput => ({
  name: draft.name.trim(),
  kind: draft.kind,
  redirect_uris: needsAddress(draft) ? addresses(draft) : [],
  grants: draft.grants,
  scopes: draft.scopes,
  ...(needsAccount(draft) ? { service_account: draft.service_account } : {}),
})

/** The kind of a client stays what it is. */
export const toChange = (draft: Draft): Omit<OauthClientInput, 'kind'> => {
  const { kind: _, ...change } = toInput(draft)
  return change
}
