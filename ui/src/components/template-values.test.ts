import { expect, test } from 'vitest'
import type { Variable } from '@/api/types'
import { fieldsOf, isFilled, valuesOf } from './template-values'

const variables: Variable[] = [
  { name: 'a', type: 'text' },
  { name: 'n', type: 'number' },
  { name: 'b', type: 'boolean', required: false },
  { name: 'd', type: 'text', default: 'x' },
]

test('empty fields are left out, numbers are numbers, a decimal comma counts', () => {
  expect(valuesOf(variables, { a: ' ', n: '1,5', b: false, old: 'x' })).toEqual({ n: 1.5, b: false })
  expect(valuesOf(variables, { n: 'many' })).toEqual({ n: 'many' })
})

test('a form is filled when what is required has a value or a default', () => {
  expect(isFilled(variables, { a: 'x' })).toBe(false)
  expect(isFilled(variables, { a: 'x', n: '0' })).toBe(true)
})

test('stored values come back into the fields', () => {
  expect(fieldsOf({ a: 'x', n: 2.5, b: true })).toEqual({ a: 'x', n: '2.5', b: true })
})
