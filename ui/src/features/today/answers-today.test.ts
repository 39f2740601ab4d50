import { expect, test } from 'vitest'
import type { UsageReport, UsageRow } from '@/api/types'
import { answersToday } from './answers-today'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const row = (ve_id: string, created_at: string): UsageRow => ({
  id: `use_${created_at}`,
  created_at,
  kind: 'employee_chat',
  ve_id,
  person_id: 'per_hanna',
  person: 'Hanna',
  model: 'extractive',
  mode: 'extractive',
  input_tokens: 1,
  output_tokens: 1,
  cached_tokens: 0,
  api_key_id: null,
  provider: null,
  outcome: 'complete',
  error_code: null,
  queue_ms: 0,
  latency_ms: 1,
  first_token_ms: 1,
  tokens_per_second: null,
  cost_micro_credits: 0,
})
const page = (items: UsageRow[], next_cursor: string | null): UsageReport => ({
  items,
  next_cursor,
  totals: {
    messages: items.length,
    calls: items.length,
    failed: 0,
    cancelled: 0,
    input_tokens: 0,
    output_tokens: 0,
    cached_tokens: 0,
    words_quoted: 0,
    cost_micro_credits: 0,
    queue_ms_mean: null,
    first_token_ms_mean: null,
    latency_ms_mean: null,
    tokens_per_second: null,
  },
  groups: [],
})

test('counts the answers of the last 24 hours by employee', () => {
  const rows = [
    row('ve_a', '2026-11-20T11:00:00Z'),
    row('ve_b', '2026-11-20T10:00:00Z'),
    row('ve_a', '2026-11-19T13:00:00Z'),
    row('ve_a', '2026-11-19T11:00:00Z'),
  ]
  const count = answersToday([page(rows, 'next')], NOW)
  expect(count('ve_a')).toEqual({ count: 2, more: false })
  expect(count('ve_b')).toEqual({ count: 1, more: false })
  expect(count('ve_c')).toEqual({ count: 0, more: false })
})

test('says that there may be more when the list ends within the day', () => {
  const rows = [row('ve_a', '2026-11-20T11:00:00Z')]
  expect(answersToday([page(rows, 'next')], NOW)('ve_a')).toEqual({ count: 1, more: true })
  expect(answersToday([page(rows, null)], NOW)('ve_a').more).toBe(false)
  expect(answersToday([], NOW)('ve_a')).toEqual({ count: 0, more: false })
})
