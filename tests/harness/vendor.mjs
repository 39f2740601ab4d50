// The vendor: signs with the development keys, which are in the repository on purpose. Written against the specification of DSSE and
// nothing of the product, so that what it makes is a check of the product's reading.
import crypto from 'node:crypto'
import fs from 'node:fs'

const ROOT = new URL('../../', import.meta.url).pathname
/** PKCS #8 around an Ed25519 seed (RFC 8410). */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')
export const DAY_MS = 24 * 3600 * 1000

/** The private key of that name and its id. */
function developmentKey(name) {
  const file = JSON.parse(fs.readFileSync(`${ROOT}crates/license/development/${name}.key.json`, 'utf8'))
  const key = crypto.createPrivateKey({
    key: Buffer.concat([PKCS8, Buffer.from(file.seed, 'base64')]),
    format: 'der',
    type: 'pkcs8',
  })
  return { key, id: crypto.createHash('sha256').update(Buffer.from(file.public, 'base64')).digest('hex') }
}

/** A signed file of that kind. */
export function sign(kind, value) {
  const type = `application/vnd.guildhall.${kind}.v1+json`
  const payload = Buffer.from(JSON.stringify(value))
  const head = Buffer.from(`DSSEv1 ${Buffer.byteLength(type)} ${type} ${payload.length} `)
  const { key, id } = developmentKey(kind)
  const sig = crypto.sign(null, Buffer.concat([head, payload]), key).toString('base64')
  return JSON.stringify({ payloadType: type, payload: payload.toString('base64'), signatures: [{ keyid: id, sig }] })
}

/** The same as text for mail. */
export function armoured(kind, value) {
  const label = kind.replaceAll('-', ' ').toUpperCase()
  const lines = Buffer.from(sign(kind, value))
    .toString('base64')
    .match(/.{1,64}/g)
  return `-----BEGIN GUILDHALL ${label}-----\n${lines.join('\n')}\n-----END GUILDHALL ${label}-----\n`
}

/** SHA-256 of what is signed, as a lease names its licence. */
export const payloadHash = (value) => crypto.createHash('sha256').update(JSON.stringify(value)).digest('hex')

/** What an armoured or bare file says, unverified. */
export function payloadOf(text) {
  const bare = text.includes('-----BEGIN') ? Buffer.from(text.replaceAll(/-----[^-]+-----/g, ''), 'base64').toString() : text
  return JSON.parse(Buffer.from(JSON.parse(bare).payload, 'base64').toString())
}

const daysFromNow = (days) => new Date(Date.now() + days * DAY_MS).toISOString()

/** A licence that begins now and ends in a year, changed as wanted. */
export const license = (change = {}) => ({
  license_id: 'lic_test',
  serial: 1,
  customer: { id: 'cus_test', name: 'Linden & Vale' },
  contract_ref: 'C-2026-17',
  kind: 'subscription',
  environment: 'production',
  product: 'guildhall',
  edition: 'business',
  issued_at: daysFromNow(0),
  not_before: daysFromNow(0),
  term_end: daysFromNow(365),
  grace_days: 30,
  binding: { mode: 'none', max_installs: 1 },
  lease: { required: false, max_days: 30, first_use_days: 7 },
  entitlements: { 'feature.providers': true, 'feature.organisations': false, 'agents.max': 10, 'seats.named': 50 },
  overage: { policy: 'none', pct: 0, true_up: false },
  expiry_behavior: 'restrict_new',
  report: { required: true, every_days: 30 },
  min_crl_version: 0,
  ...change,
})

/** The lease that answers a request. */
export function lease(license, request, { counter = 1, days = 30 } = {}) {
  return {
    lease_id: `lse_${counter}`,
    license_id: license.license_id,
    license_serial: license.serial,
    license_sha256: payloadHash(license),
    install_key_fp: crypto.createHash('sha256').update(Buffer.from(request.install_public_key, 'base64')).digest('hex'),
    request_nonce: request.nonce,
    counter,
    issued_at: daysFromNow(0),
    valid_until: daysFromNow(days),
    runtime_budget_hours: days * 24,
  }
}

/** A revocation list. */
export const crl = (version, revoked = []) => ({
  version,
  this_update: daysFromNow(0),
  next_update: daysFromNow(30),
  revoked,
})
