import { expect, test } from 'vitest'
import { splitAtQuote } from './quote'

test('finds the quoted words whatever the white space', () => {
  expect(splitAtQuote('Hold it.\nAbove 2%\n(or 25.00) is a difference. End.', 'Above 2% (or 25.00) is a  difference.')).toEqual([
    'Hold it.\n',
    'Above 2%\n(or 25.00) is a difference.',
    ' End.',
  ])
})

test('says when the words are not in the passage', () => {
  expect(splitAtQuote('Hold it.', 'Pay it.')).toBeNull()
  expect(splitAtQuote('Hold it.', '  ')).toBeNull()
})
