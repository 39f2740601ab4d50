import { describe, expect, test } from 'vitest'
import type { UsageGroup } from '@/api/types'
import '@/lib/i18n/en/usage'
import { csvOf, rowsOf } from './rows'
import { daysFrom, firstDay } from './search'

const group = (key: string | null, calls: number, output_tokens: number): UsageGroup => ({
  key,
  label: null,
  messages: 0,
  calls,
  failed: 0,
  cancelled: 0,
  input_tokens: 10,
  output_tokens,
  cached_tokens: 0,
  words_quoted: 0,
  cost_micro_credits: 1_500,
  queue_ms_mean: null,
  first_token_ms_mean: 12.6,
  latency_ms_mean: null,
  tokens_per_second: null,
})
const NOON = Date.UTC(2026, 10, 20, 12)

describe('the period', () => {
  test('ends today and counts days as the node does', () => {
    expect(firstDay(7, NOON)).toBe('2026-11-14T00:00:00.000Z')
    expect(daysFrom(firstDay(3, NOON), NOON)).toEqual(['2026-11-18', '2026-11-19', '2026-11-20'])
  })
})

describe('rows', () => {
  test('of models have the most first, and calls without a key have a name', () => {
    const rows = rowsOf([group('small', 9, 1), group('large', 1, 500), group(null, 1, 0)], 'model', 'tokens', [], firstDay(7))
    expect(rows.map((row) => row.key)).toEqual(['large', 'small', null])
    expect(rows[2]?.name).not.toBe('')
  })

  test('of days are complete', () => {
    const rows = rowsOf([], 'day', 'calls', [], firstDay(7))
    expect(rows).toHaveLength(7)
    expect(rows.every((row) => row.calls === 0)).toBe(true)
  })

  test('of organisations have their names, and private ones none', () => {
    const [open, hidden] = rowsOf(
      [{ ...group('org_1', 9, 9), label: 'Linden & Vale' }, group('org_2', 1, 1)],
      'organisation',
      'calls',
      [],
      firstDay(7),
    )
    expect(open?.name).toBe('Linden & Vale')
    expect(hidden?.name).not.toContain('org_2')
  })

  test('become a table for other programs, with costs in credits', () => {
    const rows = rowsOf([group('small, quick', 2, 5)], 'model', 'tokens', [], firstDay(7))
    expect(csvOf(rows, ['Name'], 'model')).toBe('Name\r\n"small, quick",2,0,10,0,5,0.0015,13,\r\n')
  })
})
