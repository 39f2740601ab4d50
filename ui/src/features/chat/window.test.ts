import { describe, expect, test } from 'vitest'
import { rowsOf, windowOf } from './window'

const GAP = 10
const hundred = Array.from({ length: 100 }, () => 90)
const total = 100 * 100 - GAP

describe('the window on a long list', () => {
  test('holds what the view sees and a few rows more, and keeps the height of the rest', () => {
    const span = windowOf(hundred, GAP, { top: 5_000, bottom: 5_800 }, 4)
    expect(span.first).toBe(46)
    expect(span.last).toBe(62)
    expect(span.before).toBe(4_600)
    const shown = (span.last - span.first + 1) * 100
    // Before, shown, left out after, and the last row, which always stands there.
    expect(span.before + shown + span.after + 90).toBe(total)
    expect(rowsOf(span, 100).at(-1)).toBe(99)
    expect(rowsOf(span, 100)).toHaveLength(18)
  })

  test('reaches from the first row and to the last one', () => {
    expect(windowOf(hundred, GAP, { top: 0, bottom: 500 }, 4)).toMatchObject({ first: 0, before: 0 })
    const end = windowOf(hundred, GAP, { top: total - 800, bottom: total }, 4)
    expect(end).toMatchObject({ last: 99, after: 0 })
    expect(rowsOf(end, 100)).toEqual(Array.from({ length: 100 - end.first }, (_, row) => end.first + row))
  })

  test('is the end of the list when the view is beyond it', () => {
    expect(windowOf(hundred, GAP, { top: 1e9, bottom: 1e9 + 800 }, 4)).toMatchObject({ first: 95, last: 99, after: 0 })
  })

  test('follows rows of different heights', () => {
    const sizes = [1_000, 50, 50, 2_000, 50, 50]
    const span = windowOf(sizes, GAP, { top: 1_030, bottom: 1_100 }, 0)
    expect([span.first, span.last]).toEqual([1, 2])
    expect(span.before).toBe(1_010)
    expect(span.after).toBe(2_010 + 60)
  })

  test('of an empty or short list is all of it', () => {
    expect(rowsOf(windowOf([], GAP, { top: 0, bottom: 500 }, 4), 0)).toEqual([])
    expect(rowsOf(windowOf([90, 90], GAP, { top: 0, bottom: 500 }, 4), 2)).toEqual([0, 1])
  })
})
