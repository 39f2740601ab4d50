import { expect, test } from 'vitest'
import type { RatingResult } from '@/api/types'
import { csvOf } from './csv'

const row: RatingResult = {
  agent: { id: 'agt_1', slug: 'a', name: '=cmd, "x"' },
  model: 'm',
  ratings: 4,
  up: 3,
  up_share: 0.75,
  up_share_low: 0.30064,
  up_share_high: 0.95441,
  compared: 2,
  best: 1,
  first_token_ms: 12.5,
  tokens_per_second: null,
  reasons: 0,
}

test('a table other programs read, and no formula', () => {
  const text = csvOf(['a', 'b'], [row, { ...row, agent: null, ratings: 0, up: 0, up_share: null }], 'Playground')
  expect(text).toBe('a,b\r\n"\'=cmd, ""x""",m,4,3,0.75,0.3006,0.9544,2,1,13,\r\nPlayground,m,0,0,,,,2,1,13,\r\n')
})
