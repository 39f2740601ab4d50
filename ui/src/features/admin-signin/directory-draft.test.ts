import { describe, expect, test } from 'vitest'
import type { Directory } from '@/api/directory-queries'
import { baseOf, draftOf, emptyDraft, isDone, PARTS, partOf, toInput, withKind, withSecurity } from './directory-draft'

const DIRECTORY: Directory = {
  id: 'dir_1',
  name: 'Staff',
  enabled: true,
  kind: 'openldap',
  urls: ['ldaps://ldap.example.org:636'],
  security: 'ldaps',
  allow_plain: false,
  ca_pem: null,
  bind_dn: 'cn=reader,dc=example,dc=org',
  has_bind_password: true,
  base_dn: 'ou=people,dc=example,dc=org',
  user_filter: '(uid=*)',
  login_attributes: ['uid', 'mail'],
  attributes: { subject: 'entryUUID', email: 'mail', display_name: 'cn', member_of: '' },
  group_base_dn: null,
  group_filter: '(objectClass=groupOfNames)',
  nested_groups: false,
  page_size: 500,
  group_map: [{ group: 'cn=all,dc=example,dc=org', organisation_id: 'org_1', role: 'normal' }],
  refresh_minutes: 60,
  last_refresh: null,
  created_at: '2026-11-27T10:00:00Z',
  updated_at: '2026-11-27T10:00:00Z',
}

describe('a directory in the form', () => {
  test('goes back as it came, without its password', () => {
    const { id: _, has_bind_password, last_refresh, created_at, updated_at, ...settings } = DIRECTORY
    expect(toInput(draftOf(DIRECTORY), true)).toEqual(settings)
    expect(PARTS.every((part) => isDone(part, draftOf(DIRECTORY)))).toBe(true)
  })

  test('sends a password only when one was typed and there is an account for it', () => {
    const typed = { ...draftOf(DIRECTORY), bind_password: 'secret' }
    expect(toInput(typed, true).bind_password).toBe('secret')
    const nobody = toInput({ ...typed, bind: 'anonymous' }, true)
    expect(nobody.bind_dn).toBeNull()
    expect(nobody).not.toHaveProperty('bind_password')
  })

  test('knows by the name whether people look themselves up', () => {
    expect(draftOf({ ...DIRECTORY, bind_dn: 'uid={login},dc=example,dc=org' }).bind).toBe('person')
    expect(draftOf({ ...DIRECTORY, bind_dn: null }).bind).toBe('anonymous')
  })
})

test('another kind brings its customs, except where something else was entered', () => {
  const changed = withKind({ ...emptyDraft('active_directory'), user_filter: '(mine=*)' }, 'openldap')
  expect(changed.user_filter).toBe('(mine=*)')
  expect(changed.attributes.subject).toBe('entryUUID')
  expect(changed.nested_groups).toBe(false)
})

test('addresses follow the encryption', () => {
  const draft = { ...emptyDraft(), urls: ['ldaps://a.example.org:636', 'ldaps://b.example.org', 'ldaps://c.example.org:6360'] }
  const plain = withSecurity(draft, 'start_tls')
  expect(plain.urls).toEqual(['ldap://a.example.org:389', 'ldap://b.example.org', 'ldap://c.example.org:6360'])
  expect(withSecurity(plain, 'ldaps').urls).toEqual(draft.urls)
})

test('the base is read from the account', () => {
  expect(baseOf('cn=reader, ou=services, DC=Example, dc=org')).toBe('DC=Example,dc=org')
  expect(baseOf('reader@corp.example.org')).toBe('dc=corp,dc=example,dc=org')
  expect(baseOf('cn=reader,o=example')).toBe('')
})

test('an unencrypted connection has to be allowed in so many words', () => {
  const draft = { ...emptyDraft(), security: 'plain' as const, urls: ['ldap://127.0.0.1'] }
  expect(isDone('connection', draft)).toBe(false)
  expect(isDone('connection', { ...draft, allow_plain: true })).toBe(true)
  expect(isDone('connection', { ...draft, allow_plain: true, urls: ['ldap.example.org'] })).toBe(false)
})

test('a refused field is found in its part', () => {
  expect(partOf('group_map[2].group')).toBe('groups')
  expect(partOf('attributes.email')).toBe('search')
  expect(partOf('nothing')).toBeUndefined()
})
