/** What stands in an empty field to show its form: the same in every language. */
export const EXAMPLES = {
  pem: '-----BEGIN CERTIFICATE-----',
  base: 'ou=people,dc=example,dc=org',
  group: 'cn=guildhall,ou=groups,dc=example,dc=org',
  account: 'cn=guildhall,ou=services,dc=example,dc=org',
  person: 'uid={login},ou=people,dc=example,dc=org',
  metadata: '<EntityDescriptor xmlns="urn:oasis:names:tc:SAML:2.0:metadata" …>',
  issuer: 'https://login.example.org/realms/main',
} as const
