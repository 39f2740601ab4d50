import { expect, test } from 'vitest'
import { codeOf, isWholeCode } from './code'

test('a code is read however it is typed', () => {
  expect(codeOf(' bcdf-ghjk ')).toBe('BCDF-GHJK')
  expect(codeOf('bcdfghjkl')).toBe('BCDF-GHJK')
  expect(codeOf('bcd')).toBe('BCD')
  expect(codeOf('BCDF-')).toBe('BCDF')
  expect(isWholeCode('BCDF-GHJK')).toBe(true)
  expect(isWholeCode('BCDF-GHJ')).toBe(false)
})
