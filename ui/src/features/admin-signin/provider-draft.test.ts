import { describe, expect, test } from 'vitest'
import { daysLeft, emptyDraft, isDone, toInput, withMetadata } from './provider-draft'

const CERTIFICATE = { pem: '-----BEGIN CERTIFICATE-----', fingerprint: 'AB:CD', not_after: '2027-01-01T00:00:00Z' }

describe('an identity provider in the form', () => {
  test('is filled in by its metadata, and goes out with certificates as text', () => {
    const draft = withMetadata(
      { ...emptyDraft('saml'), name: ' Single sign-on ' },
      {
        idp_entity_id: 'https://idp',
        sso_url: 'https://idp/sso',
        slo_url: null,
        certificates: [CERTIFICATE],
        name_id_format: null,
        sign_requests: true,
      },
    )
    expect(isDone('idp', draft)).toBe(true)
    const input = toInput(draft, false)
    expect(input.name).toBe('Single sign-on')
    expect(input.saml?.certificates).toEqual([{ pem: CERTIFICATE.pem }])
    expect(input.saml?.slo_url).toBeNull()
    expect(input.oidc).toBeUndefined()
  })

  test('keeps the secret of a client when none was typed', () => {
    const draft = emptyDraft('oidc')
    draft.oidc = { ...draft.oidc, issuer: 'https://login.example.org/', client_id: 'guildhall', scopes: 'openid  email,groups' }
    const input = toInput({ ...draft, name: 'Login' }, true)
    expect(input.oidc).toEqual({
      issuer: 'https://login.example.org/',
      client_id: 'guildhall',
      scopes: ['openid', 'email', 'groups'],
      ca_pem: null,
    })
    expect(input.saml).toBeUndefined()
  })

  test('needs a certificate before it can be believed', () => {
    const draft = emptyDraft('saml')
    const without = { ...draft, saml: { ...draft.saml, idp_entity_id: 'x', sso_url: 'https://idp/sso' } }
    expect(isDone('idp', without)).toBe(false)
    expect(isDone('idp', { ...without, saml: { ...without.saml, pem: CERTIFICATE.pem } })).toBe(true)
  })
})

test('days are counted down, and below nothing once a certificate has ended', () => {
  const now = Date.parse('2026-12-30T12:00:00Z')
  expect(daysLeft(CERTIFICATE.not_after, now)).toBe(1)
  expect(daysLeft('2026-12-30T11:00:00Z', now)).toBe(-1)
})
