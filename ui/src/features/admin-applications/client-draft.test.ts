import { expect, test } from 'vitest'
import { emptyDraft, isWhole, toChange, toInput, withKind } from './client-draft'

const draft = { ...emptyDraft(), name: 'Notes', redirect_uris: 'https://notes.example.org/back\n\nhttp://127.0.0.1/back ' }

test('addresses are read one a line', () => {
  expect(isWhole(draft)).toBe(true)
  expect(toInput(draft).redirect_uris).toEqual(['https://notes.example.org/back', 'http://127.0.0.1/back'])
})

test('a client without a secret cannot act in its own name', () => {
  const own = { ...draft, grants: ['client_credentials' as const], service_account: 'per_1' }
  expect(toInput(own)).toMatchObject({ redirect_uris: [], service_account: 'per_1' })
  expect(isWhole({ ...own, service_account: '' })).toBe(false)
  const open = withKind(own, 'public')
  expect(open.grants).toEqual([])
  expect(isWhole(open)).toBe(false)
})

test('a change leaves the kind as it is', () => {
  expect(toChange(draft)).not.toHaveProperty('kind')
})
