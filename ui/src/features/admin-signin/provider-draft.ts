import type { GroupRule, RoleGrant } from '@/api/contract'
import type {
  IdentityAttributes,
  IdentityProvider,
  IdentityProviderInput,
  IdentityProviderKind,
  IdpCertificate,
  OidcInput,
  SamlInput,
  SamlMetadata,
} from '@/api/identity-provider-queries'
import { areWhole } from '@/components/group-rules'

/** An identity provider as it stands in the form: every list a text. */
export type Draft = {
  kind: IdentityProviderKind
  name: string
  saml: {
    xml: string
    idp_entity_id: string
    sso_url: string
    slo_url: string
    /** Those that were read, with when they end. */
    certificates: IdpCertificate[]
    /** One that was pasted by hand. */
    pem: string
    want_encrypted: boolean
    allow_idp_initiated: boolean
    sign_requests: boolean
    name_id_format: string
  }
  oidc: { issuer: string; client_id: string; client_secret: string; has_client_secret: boolean; scopes: string; ca_pem: string }
  attributes: IdentityAttributes
  group_map: GroupRule[]
  default_grant: RoleGrant | null
}

/** An empty name stands for the usual ones, which the node knows. */
const USUAL: IdentityAttributes = { email: '', display_name: '', groups: '' }

export const emptyDraft = (kind: IdentityProviderKind): Draft => ({
  kind,
  name: '',
  saml: {
    xml: '',
    idp_entity_id: '',
    sso_url: '',
    slo_url: '',
    certificates: [],
    pem: '',
    want_encrypted: false,
    allow_idp_initiated: false,
    sign_requests: true,
    name_id_format: '',
  },
  oidc: { issuer: '', client_id: '', client_secret: '', has_client_secret: false, scopes: 'openid profile email', ca_pem: '' },
  attributes: USUAL,
  group_map: [],
  default_grant: null,
})

export function draftOf(provider: IdentityProvider): Draft {
  const empty = emptyDraft(provider.kind)
  const { saml, oidc } = provider
  return {
    kind: provider.kind,
    name: provider.name,
    saml: saml
      ? {
          ...empty.saml,
          idp_entity_id: saml.idp_entity_id,
          sso_url: saml.sso_url,
          slo_url: saml.slo_url ?? '',
          certificates: saml.certificates,
          want_encrypted: saml.want_encrypted,
          allow_idp_initiated: saml.allow_idp_initiated,
          sign_requests: saml.sign_requests,
          name_id_format: saml.name_id_format ?? '',
        }
      : empty.saml,
    oidc: oidc
      ? {
          ...empty.oidc,
          issuer: oidc.issuer,
          client_id: oidc.client_id,
          has_client_secret: oidc.has_client_secret,
          scopes: oidc.scopes.join(' '),
          ca_pem: oidc.ca_pem ?? '',
        }
      : empty.oidc,
    attributes: { ...USUAL, ...provider.attributes },
    group_map: provider.group_map,
    default_grant: provider.default_grant,
  }
}

/** What a metadata document says takes the place of what stood there; what it leaves out stays. */
export const withMetadata = (draft: Draft, found: SamlMetadata): Draft => ({
  ...draft,
  saml: {
    ...draft.saml,
    idp_entity_id: found.idp_entity_id,
    sso_url: found.sso_url,
    slo_url: found.slo_url ?? '',
    certificates: found.certificates,
    name_id_format: found.name_id_format ?? draft.saml.name_id_format,
    sign_requests: found.sign_requests,
  },
})

const said = (text: string) => text.trim() || null

const samlOf = ({ saml }: Draft): SamlInput => ({
  idp_entity_id: saml.idp_entity_id.trim(),
  sso_url: saml.sso_url.trim(),
  slo_url: said(saml.slo_url),
  certificates: [...saml.certificates.map(({ pem }) => ({ pem })), ...(said(saml.pem) ? [{ pem: saml.pem.trim() }] : [])],
  want_encrypted: saml.want_encrypted,
  allow_idp_initiated: saml.allow_idp_initiated,
  sign_requests: saml.sign_requests,
  name_id_format: said(saml.name_id_format),
})

/** A secret that was not typed is left out, so that the one that is there stays. */
const oidcOf = ({ oidc }: Draft): OidcInput => ({
  issuer: oidc.issuer.trim(),
  client_id: oidc.client_id.trim(),
  ...(oidc.client_secret ? { client_secret: oidc.client_secret } : {}),
  scopes: oidc.scopes.split(/[\s,]+/).filter(Boolean),
  ca_pem: said(oidc.ca_pem),
})

/** What is sent for a new provider; a change leaves the kind as it is. */
export const toInput = (draft: Draft, enabled: boolean): IdentityProviderInput => ({
  kind: draft.kind,
  name: draft.name.trim(),
  enabled,
  ...(draft.kind === 'saml' ? { saml: samlOf(draft) } : { oidc: oidcOf(draft) }),
  attributes: draft.attributes,
  group_map: draft.group_map.map((rule) => ({ ...rule, group: rule.group.trim() })),
  default_grant: draft.default_grant,
})

/** The parts of the form, in the order of the wizard. */
export type Part = 'metadata' | 'idp' | 'oidc' | 'roles'
export const partsOf = (kind: IdentityProviderKind): readonly Part[] => (kind === 'saml' ? ['metadata', 'idp', 'roles'] : ['oidc', 'roles'])

const isHttps = (url: string) => /^https?:\/\/[^\s/]+/i.test(url.trim())

/** Whether a part says enough to go on; the node checks again. */
export function isDone(part: Part, draft: Draft): boolean {
  const { saml, oidc } = draft
  switch (part) {
    case 'metadata':
      return draft.name.trim() !== ''
    case 'idp':
      return saml.idp_entity_id.trim() !== '' && isHttps(saml.sso_url) && (saml.certificates.length > 0 || saml.pem.trim() !== '')
    case 'oidc':
      return draft.name.trim() !== '' && isHttps(oidc.issuer) && oidc.client_id.trim() !== ''
    case 'roles':
      return areWhole(draft.group_map)
  }
}

/** Days until something ends; negative once it has. */
export const daysLeft = (not_after: string, now: number = Date.now()): number =>
  Math.floor((new Date(not_after).getTime() - now) / 86_400_000)
/** From here on people are told that a certificate ends. */
export const SOON_DAYS = 30
