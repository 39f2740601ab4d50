// Starts the licence server the way an operator would, and signs what a node would sign, with nothing of the product's own code.
import { spawn } from 'node:child_process'
import crypto from 'node:crypto'
import { once } from 'node:events'
import fs from 'node:fs'
import path from 'node:path'
import readline from 'node:readline'
import { PROGRAM } from './program.mjs'

const SERVER = path.join(path.dirname(PROGRAM), 'guildhall-license-server')
export const ADMINISTRATOR = { email: 'ada@example.test', password: 'correct horse battery staple' }

async function run(...parameters) {
  const child = spawn(SERVER, parameters, { stdio: ['ignore', 'pipe', 'pipe'] })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text) => {
    stderr += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`guildhall-license-server ${parameters[0]} failed: ${stderr}`)
  return stdout
}

/** Sets a server up on the development root, starts it, and gives its address and a function that posts with an administrator's key. */
export async function startLicenseServer(place, dataDir) {
  const file = `${dataDir}.password`
  fs.writeFileSync(file, `${ADMINISTRATOR.password}\n`, { mode: 0o600 })
  await run(
    'init',
    '--data-dir',
    dataDir,
    '--development',
    '--admin',
    ADMINISTRATOR.email,
    '--admin-name',
    'Ada Lind',
    '--password-file',
    file,
  )
  const scopes = [
    'reports.read',
    'catalogue.manage',
    'customers.manage',
    'licences.issue',
    'licences.revoke',
    'licences.read',
    'webhooks.manage',
  ]
  const flags = scopes.flatMap((scope) => ['--scope', scope])
  const { key } = JSON.parse(await run('apikey', 'create', '--data-dir', dataDir, '--name', 'test', '--json', ...flags))
  const parameters = ['serve', '--data-dir', dataDir, '--listen', '127.0.0.1:0', '--insecure-http', '--log-level', 'error']
  const child = spawn(SERVER, parameters, { stdio: ['ignore', 'pipe', 'inherit'] })
  place.after(async () => {
    if (child.exitCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGTERM')
    await closed
  })
  const [line] = await once(readline.createInterface({ input: child.stdout }), 'line')
  // Names resolve differently under different systems; the server listens on the IPv4 loopback.
  const url = line.replace('guildhall-license-server ready on ', '').replace('//localhost:', '//127.0.0.1:')
  const post = async (address, body, headers = {}) => {
    const bare = typeof body === 'string'
    const answer = await fetch(url + address, {
      method: 'POST',
      headers: { authorization: `Bearer ${key}`, ...(bare ? {} : { 'content-type': 'application/json' }), ...headers },
      body: bare ? body : JSON.stringify(body),
    })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${text}`)
    return text ? JSON.parse(text) : undefined
  }
  const read = async (address) => {
    const answer = await fetch(url + address, { headers: { authorization: `Bearer ${key}` } })
    const text = await answer.text()
    if (!answer.ok) throw new Error(`${address} answered ${answer.status}: ${text}`)
    return text
  }
  return { url, post, read }
}

/** A plan, a customer with a contract, a signed licence and a portal access. */
export async function furnish(post, { entitlements, report } = {}) {
  const product = await post('/api/products', { code: 'guildhall', name: 'Guildhall' })
  const plan = await post('/api/plans', {
    product_id: product.id,
    code: 'business',
    name: 'Business',
    terms: {
      kind: 'subscription',
      edition: 'business',
      term_days: 365,
      grace_days: 30,
      binding: { mode: 'site', max_installs: 3 },
      lease: { required: true, max_days: 90, first_use_days: 14 },
      entitlements: entitlements ?? { 'feature.sso': true, 'agents.max': 50, models: ['starter'] },
      overage: { policy: 'none', pct: 0, true_up: false },
      expiry_behavior: 'restrict_new',
      report: report ?? { required: false, every_days: 30 },
    },
    price: { currency: 'EUR', unit: 'seat', unit_amount_minor: 9900, tiers: [{ quantity_min: 10, discount_basis_points: 500 }] },
  })
  const customer = await post('/api/customers', { name: 'Linden & Vale', country: 'de', contact_email: 'robin@linden.example' })
  const contract = await post('/api/contracts', { customer_id: customer.id, plan_id: plan.id, reference: 'C-2027-001', quantity: 25 })
  const licence = await post('/api/licences', { contract_id: contract.id })
  const access = await post(`/api/customers/${customer.id}/accesses`, { name: 'Robin Vale' })
  return { plan, customer, contract, licence, access }
}

/** A node's install key and what it signs. */
export class InstallKey {
  #keys = crypto.generateKeyPairSync('ed25519')
  #counter = 0
  public = this.#keys.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32)
  fingerprint = crypto.createHash('sha256').update(this.public).digest('hex')

  /** An activation request as its file. */
  activationRequest(licence) {
    this.#counter += 1
    const now = new Date().toISOString()
    return this.#sign('activation-request', {
      install_id: 'node-1',
      install_public_key: this.public.toString('base64'),
      license_id: licence,
      nonce: crypto.randomBytes(16).toString('hex'),
      counter: this.#counter,
      product_version: '1.0.0',
      build_date: now,
      fingerprints: {},
      last_report_seq: 0,
      wall_time: now,
      time_floor: now,
      clock_anomalies: 0,
    })
  }

  /** A usage report as its file, and the hash that the next one names. */
  usageReport(licence, seq, prev_sha256) {
    const day = { date: '2027-02-01', seats: 12, active_30d: 9, ves_peak: 3, answers: 40 }
    return this.#sign('usage-report', {
      seq,
      ...(prev_sha256 ? { prev_sha256 } : {}),
      license_id: licence,
      install_id: 'node-1',
      period: { from: '2027-02-01', to: '2027-02-28' },
      daily: [day],
      features_used: ['sso'],
      overage: {},
      clock_anomalies: 0,
      product_version: '1.0.0',
      created_at: new Date().toISOString(),
    })
  }

  /** A DSSE v1 envelope. */
  #sign(kind, value) {
    const payloadType = `application/vnd.guildhall.${kind}.v1+json`
    const payload = Buffer.from(JSON.stringify(value))
    const head = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `
    const signature = crypto.sign(null, Buffer.concat([Buffer.from(head), payload]), this.#keys.privateKey)
    return JSON.stringify({
      payloadType,
      payload: payload.toString('base64'),
      signatures: [{ keyid: this.fingerprint, sig: signature.toString('base64') }],
    })
  }
}
