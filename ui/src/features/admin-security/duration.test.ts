import { expect, test } from 'vitest'
import { durationOf } from './duration'

test.each([
  [1_440, { unit: 'days', count: 1 }],
  [10_080, { unit: 'days', count: 7 }],
  [480, { unit: 'hours', count: 8 }],
  [45, { unit: 'minutes', count: 45 }],
  [0, null],
  [-60, null],
  [Number.NaN, null],
])('%s minutes', (minutes, expected) => expect(durationOf(minutes)).toEqual(expected))
