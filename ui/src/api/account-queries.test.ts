import { describe, expect, test } from 'vitest'
import { challengeIn, hasExpired } from './account-queries'
import { errorFromBody } from './error'

const refusal = (code: string, details: object) =>
  errorFromBody({ error: { code, message: 'no', request_id: 'r', details } }, { status: 401 })

describe('the refusal of a right password', () => {
  test('carries the challenge of the second step', () => {
    const options = { challenge: 'AQID' }
    const error = refusal('second_factor_required', { challenge: 'ch_1', methods: ['passkey', 'totp'], passkey_options: options })
    expect(challengeIn(error)).toEqual({ challenge: 'ch_1', methods: ['totp', 'passkey'], passkey_options: options })
  })

  test('leaves out ways this interface does not know, and options that are none', () => {
    const error = refusal('second_factor_required', { challenge: 'ch_1', methods: ['carrier_pigeon', 'totp'], passkey_options: null })
    expect(challengeIn(error)).toEqual({ challenge: 'ch_1', methods: ['totp'], passkey_options: null })
  })

  test('is another when the password was wrong, or nothing can be answered', () => {
    expect(challengeIn(refusal('wrong_credentials', {}))).toBeNull()
    expect(challengeIn(refusal('second_factor_required', {}))).toBeNull()
    expect(challengeIn(new TypeError('x'))).toBeNull()
  })
})

test('a challenge that is too old begins anew', () => {
  expect(hasExpired(refusal('challenge_expired', {}))).toBe(true)
  expect(hasExpired(refusal('wrong_code', {}))).toBe(false)
})
