import { describe, expect, test } from 'vitest'
import { strengthOf } from './password'
import { safeNext } from './safe-next'
import { describeUserAgent } from './user-agent'

describe('where to go after sign-in', () => {
  test.each([
    ['/chat/ve_1', '/chat/ve_1'],
    ['/market?q=a', '/market?q=a'],
    [undefined, '/'],
    ['https://evil.example', '/'],
    ['//evil.example', '/'],
    ['/\\evil.example', '/'],
    ['javascript:alert(1)', '/'],
  ])('%s leads to %s', (next, expected) => expect(safeNext(next)).toBe(expected))
})

describe('the strength of a password', () => {
  test.each([
    ['', 'empty'],
    ['short', 'weak'],
    ['aaaaaaaaaaaaaaaaaaaaaaaa', 'weak'],
    ['abcdefghijklmnopqrstuvwxyz', 'weak'],
    ['123456789012', 'weak'],
    ['hallway-tape', 'fair'],
    ['qwertzuio', 'weak'],
    ['copper-lantern-orbit', 'strong'],
    ['Tr0ub4dor&3-again', 'strong'],
  ])('%s is %s', (password, expected) => expect(strengthOf(password)).toBe(expected))
})

describe('a user agent', () => {
  test.each([
    ['Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36', 'Chrome', 'Linux', false],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0', 'Edge', 'Windows', false],
    ['Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Version/18.1 Mobile/15E148 Safari/604.1', 'Safari', 'iOS', true],
    ['something else', null, null, false],
  ])('%s', (text, browser, system, phone) => expect(describeUserAgent(text)).toEqual({ browser, system, phone }))
})
