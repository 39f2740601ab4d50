import { expect, test } from 'vitest'
import { domainIn } from './domain'

test.each([
  ['example.com', 'example.com'],
  [' Anna@Example.COM ', 'example.com'],
  ['@sub.example.com', 'sub.example.com'],
  ['*.example.com', 'example.com'],
  ['https://example.com/sign-up?x=1', 'example.com'],
  ['example.com.', 'example.com'],
  ['münchen.example', 'münchen.example'],
  ['localhost', null],
  ['two words.example', null],
  ['-bad.example', null],
  ['', null],
])('%s names %s', (typed, expected) => expect(domainIn(typed)).toBe(expected))
