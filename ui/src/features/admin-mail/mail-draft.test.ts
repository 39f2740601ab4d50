import { expect, test } from 'vitest'
import { draftOf, EMPTY, isWhole, toInput, withSecurity } from './mail-draft'

const FILLED = { ...EMPTY, host: ' smtp.example.org ', sender: 'guildhall@example.org' }

test('another encryption brings its usual port, and leaves one that was chosen', () => {
  expect(withSecurity(FILLED, 'tls').port).toBe('465')
  expect(withSecurity({ ...FILLED, port: '2525' }, 'tls').port).toBe('2525')
})

test('without a name nobody signs in, and no password is sent', () => {
  const input = toInput({ ...FILLED, password: 'left over' })
  expect(input).toMatchObject({ host: 'smtp.example.org', port: 587, user: null })
  expect(input).not.toHaveProperty('password')
})

test('a password that was not typed stays as it is', () => {
  const draft = draftOf({ ...FILLED, port: 587, ca_pem: null, user: 'guildhall', has_password: true, updated_at: '2026-11-27T10:00:00Z' })
  expect(isWhole(draft)).toBe(true)
  expect(toInput(draft)).not.toHaveProperty('password')
  expect(isWhole({ ...draft, has_password: false })).toBe(false)
})
