import { expect, test } from 'vitest'
import { tokenIn } from './link-token'

test.each([
  ['#ghi_abc123', 'ghi_abc123'],
  ['#token=ghi_abc123', 'ghi_abc123'],
  ['#other=1', null],
  ['#', null],
  ['', null],
])('%s holds %s', (hash, expected) => expect(tokenIn(hash)).toBe(expected))
