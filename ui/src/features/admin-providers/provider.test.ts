import { describe, expect, test } from 'vitest'
import type { Provider } from '@/api/types'
import { draftOf, emptyDraft, toChange, toNew } from './draft'
import { fromRow, toRow } from './prices'

const PROVIDER: Provider = {
  id: 'prv_1',
  slug: 'bedrock',
  title: 'Bedrock',
  kind: 'bedrock',
  base_url: 'https://bedrock-runtime.eu-central-1.amazonaws.com',
  local_network: false,
  enabled: true,
  reachable: false,
  has_credentials: true,
  settings: {
    region: 'eu-central-1',
    api_version: null,
    application_id: null,
    ca_pem: null,
    connect_timeout_ms: 900,
    first_byte_timeout_ms: null,
    idle_timeout_ms: null,
    retries_max: 4,
  },
  models: [],
  health: { circuit: 'closed', failures: 0, retry_at: null, last_error: null, last_error_at: null, last_success_at: null },
  tested: null,
  created_at: '2026-11-20T10:00:00Z',
  updated_at: '2026-11-20T10:00:00Z',
}

describe('a provider in the form', () => {
  test('keeps its key and its patience when only the title changes', () => {
    const change = toChange({ ...draftOf(PROVIDER), title: 'Frankfurt' }, PROVIDER)
    expect(change.title).toBe('Frankfurt')
    expect(change.credentials).toBeNull()
    expect(change.settings).toEqual(PROVIDER.settings)
  })

  test('sends only what its kind has, and nothing for what was left empty', () => {
    const input = toNew({ ...emptyDraft(), kind: 'openai', region: 'eu-west-1', access: 'api_key', api_key: ' sk-1 ' })
    expect(input.base_url).toBeNull()
    expect(input.settings?.region).toBeNull()
    expect(input.credentials).toEqual({ kind: 'api_key', api_key: 'sk-1' })
  })
})

test('prices are entered in credits and sent in millionths, without losing any', () => {
  const row = toRow({ name: 'gpt-4o', kind: 'generative', context_length: 128_000, price: { input: 150_000, cached: 1, output: 600_000 } })
  expect(row.input).toBe('0.15')
  expect(fromRow(row).price).toEqual({ input: 150_000, cached: 1, output: 600_000 })
})
