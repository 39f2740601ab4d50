import { describe, expect, test } from 'vitest'
import { destinationOf, mayFollow, requestFrom } from './request'

test('what an application asks is taken as it stands', () => {
  const asked = requestFrom(
    '?client_id=oac_1&redirect_uri=http%3A%2F%2F127.0.0.1%3A9%2Fback&scope=read+chat&state=00123&response_type=code',
  )
  expect(asked).toMatchObject({ client_id: 'oac_1', redirect_uri: 'http://127.0.0.1:9/back', scope: 'read chat', state: '00123' })
  expect(asked.code_challenge).toBe('')
  expect(asked).not.toHaveProperty('resource')
})

describe('where an answer goes', () => {
  test('is named for what it is', () => {
    expect(destinationOf('http://127.0.0.1:9/back')).toEqual({ kind: 'loopback', name: '127.0.0.1:9' })
    expect(destinationOf('http://[::1]/back')).toEqual({ kind: 'loopback', name: '[::1]' })
    expect(destinationOf('https://notes.example.org/back')).toEqual({ kind: 'site', name: 'notes.example.org' })
    expect(destinationOf('com.example.notes:/back')).toEqual({ kind: 'app', name: 'com.example.notes' })
    expect(destinationOf('nonsense')).toBeUndefined()
  })

  test('is never a script', () => {
    expect(mayFollow('javascript:alert(1)')).toBe(false)
    expect(mayFollow(' data:text/html,x')).toBe(false)
    expect(mayFollow('/relative')).toBe(false)
    expect(mayFollow('https://notes.example.org/back?code=1')).toBe(true)
    expect(mayFollow('com.example.notes:/back?code=1')).toBe(true)
  })
})
