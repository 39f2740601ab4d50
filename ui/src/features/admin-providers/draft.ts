import type { Credentials, NewProvider, Provider, ProviderChange, ProviderKind, ProviderSettings } from '@/api/types'

export const KINDS: readonly ProviderKind[] = [
  'openai_compatible',
  'ollama',
  'openai',
  'anthropic',
  'gemini',
  'azure_openai',
  'bedrock',
  'amazon_q',
]
export type AccessKind = 'keep' | Credentials['kind']

/** A provider as it stands in the form: every field a text, empty where nothing was said. */
export type Draft = {
  kind: ProviderKind
  title: string
  slug: string
  base_url: string
  local_network: boolean
  region: string
  api_version: string
  application_id: string
  ca_pem: string
  access: AccessKind
  api_key: string
  access_key_id: string
  secret_access_key: string
}

export const needsUrl = (kind: ProviderKind) => kind === 'azure_openai' || kind === 'openai_compatible'
export const needsRegion = (kind: ProviderKind) => kind === 'bedrock' || kind === 'amazon_q'
export const takesAws = needsRegion

const SECRETS = { api_key: '', access_key_id: '', secret_access_key: '' }

export const emptyDraft = (): Draft => ({
  kind: 'openai_compatible',
  title: '',
  slug: '',
  base_url: '',
  local_network: true,
  region: '',
  api_version: '',
  application_id: '',
  ca_pem: '',
  access: 'none',
  ...SECRETS,
})

export const draftOf = (provider: Provider): Draft => ({
  kind: provider.kind,
  title: provider.title,
  slug: provider.slug,
  base_url: provider.base_url,
  local_network: provider.local_network,
  region: provider.settings.region ?? '',
  api_version: provider.settings.api_version ?? '',
  application_id: provider.settings.application_id ?? '',
  ca_pem: provider.settings.ca_pem ?? '',
  access: 'keep',
  ...SECRETS,
})

const said = (text: string) => text.trim() || null

function credentialsOf(draft: Draft): Credentials | null {
  if (draft.access === 'keep') return null
  if (draft.access === 'none') return { kind: 'none' }
  if (draft.access === 'api_key') return { kind: 'api_key', api_key: draft.api_key.trim() }
  return { kind: 'aws', access_key_id: draft.access_key_id.trim(), secret_access_key: draft.secret_access_key.trim() }
}

/** Only what this kind has; the node's own patience stays as it was. */
function settingsOf(draft: Draft, before?: ProviderSettings): ProviderSettings {
  return {
    connect_timeout_ms: before?.connect_timeout_ms ?? null,
    first_byte_timeout_ms: before?.first_byte_timeout_ms ?? null,
    idle_timeout_ms: before?.idle_timeout_ms ?? null,
    retries_max: before?.retries_max ?? null,
    region: needsRegion(draft.kind) ? said(draft.region) : null,
    application_id: draft.kind === 'amazon_q' ? said(draft.application_id) : null,
    api_version: draft.kind === 'azure_openai' ? said(draft.api_version) : null,
    ca_pem: said(draft.ca_pem),
  }
}

export const toNew = (draft: Draft): NewProvider => ({
  kind: draft.kind,
  title: said(draft.title),
  slug: said(draft.slug),
  base_url: said(draft.base_url),
  local_network: draft.local_network,
  credentials: credentialsOf(draft),
  settings: settingsOf(draft),
})

export const toChange = (draft: Draft, before: Provider): ProviderChange => ({
  title: said(draft.title),
  base_url: said(draft.base_url),
  local_network: draft.local_network,
  credentials: credentialsOf(draft),
  settings: settingsOf(draft, before.settings),
})
