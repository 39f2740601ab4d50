import { expect, test } from 'vitest'
import { emptyKey, isWhole, toNewKey } from './key-draft'

test('a key that is not narrowed says nothing about scopes, employees or its end', () => {
  expect(toNewKey({ ...emptyKey(), name: ' import ', lifetime: 'never' })).toEqual({ name: 'import' })
})

test('a narrowed key says to what', () => {
  const draft = { ...emptyKey(), name: 'import', scopes: ['chat'], ves: ['ve_1'] }
  expect(toNewKey(draft)).toEqual({ name: 'import', expires_in_days: 90, scopes: ['chat'], ves: ['ve_1'] })
})

test('a key that could do nothing is not made', () => {
  const named = { ...emptyKey(), name: 'import' }
  expect(isWhole(named)).toBe(true)
  expect(isWhole({ ...named, scopes: [] })).toBe(false)
  expect(isWhole({ ...named, ves: [] })).toBe(false)
})
