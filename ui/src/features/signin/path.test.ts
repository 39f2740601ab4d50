import { expect, test } from 'vitest'
import { pathWithNext, referenceIn } from './path'

test.each([
  ['/saml/idp_1/login', '/saml/idp_1/login?next=%2Fchat'],
  ['/oidc/idp_1/login?next=', '/oidc/idp_1/login?next=%2Fchat'],
  ['/oidc/idp_1/login?next=%2Fold&prompt=1', '/oidc/idp_1/login?next=%2Fchat&prompt=1'],
  ['https://elsewhere.example/saml', '/saml?next=%2Fchat'],
])('%s begins at %s', (path, expected) => expect(pathWithNext(path, '/chat')).toBe(expected))

test.each([
  ['req_01HZX', 'req_01HZX'],
  ['0192f3a4-7c1e', '0192f3a4-7c1e'],
  ['call 0900 123456 now', null],
  [undefined, null],
])('%s is shown as %s', (text, expected) => expect(referenceIn(text)).toBe(expected))
