import { describe, expect, test } from 'vitest'
import { filtersOf, isNarrowed, sheetCount, withFilter } from './filters'

describe('the filters of the marketplace', () => {
  test('become the query of the node without empty parts', () => {
    expect(filtersOf({ q: '  invoise ', category: 'finance', price_model: '' })).toEqual({ q: 'invoise', category: 'finance' })
    expect(filtersOf({ q: 'x'.repeat(300) }).q).toHaveLength(200)
    expect(filtersOf({})).toEqual({})
  })

  test('change one at a time and keep the rest', () => {
    const search = { q: 'clerk', category: 'finance' }
    expect(withFilter(search, 'price_model', 'free')).toEqual({ q: 'clerk', category: 'finance', price_model: 'free' })
    expect(withFilter(search, 'category', undefined)).toEqual({ q: 'clerk' })
    expect(withFilter(search, 'q', '   ')).toEqual({ category: 'finance' })
    expect(search).toEqual({ q: 'clerk', category: 'finance' })
  })

  test('count what the sheet holds, and know when nothing narrows the list', () => {
    expect(sheetCount({ q: 'a', category: 'legal', price_model: 'free', publisher: 'Guildhall' })).toBe(2)
    expect(isNarrowed({ q: ' ' })).toBe(false)
    expect(isNarrowed({ publisher: 'Guildhall' })).toBe(true)
  })
})
