import { expect, test } from 'vitest'
import { suggestNames } from './names'

test('suggests the same free names each time', () => {
  const first = suggestNames('invoice-clerk', [], 4)
  expect(new Set(first).size).toBe(4)
  expect(suggestNames('invoice-clerk', [], 4)).toEqual(first)
  expect(suggestNames('contract-reviewer', [], 4)).not.toEqual(first)
  const [taken = ''] = first
  expect(suggestNames('invoice-clerk', [taken], 4)).not.toContain(taken)
})
