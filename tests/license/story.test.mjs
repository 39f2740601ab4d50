// The whole life of a licence with the real programs: a ceremony, a licence, a node, a cap, a lease, a report, a revocation and the
// way back; by files without a network, and again with a licence server.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { furnish, startLicenseServer } from '../harness/license_server.mjs'
import { createApiKey, init, PROGRAM, RunningNode, run, scope, temporaryFolder } from '../harness/program.mjs'

const VENDOR = process.env.GUILDHALL_LICENSE_BIN ?? path.join(path.dirname(PROGRAM), 'guildhall-license')
/** The development root: its private keys are in the repository on purpose, and a node that was built without another one trusts it. */
const ROOT = new URL('../../crates/license/development/', import.meta.url).pathname

test('from the ceremony to the way back, by files', async (t) => {
  const place = scope(t)
  const folder = temporaryFolder(place)
  const at = (name) => path.join(folder, name)
  const vendor = (...parameters) => {
    const done = spawnSync(VENDOR, [...parameters, '--json'], { cwd: folder, encoding: 'utf8' })
    assert.equal(done.status, 0, `guildhall-license ${parameters.join(' ')}: ${done.error ?? done.stderr}`)
    return JSON.parse(done.stdout)
  }
  const dataDir = at('data')
  const node = async (...parameters) => {
    const done = await run('license', ...parameters, '--data-dir', dataDir, '--json')
    return done.code === 0 ? JSON.parse(done.stdout) : JSON.parse(done.stderr)
  }

  // The ceremony: new working keys, which two of the three root keys agree to.
  for (const role of ['license', 'lease', 'crl']) {
    vendor('keygen', '--role', role, '--no-passphrase', '--out', at(`${role}.key.json`))
  }
  const first = `${ROOT}keyring.json`
  const publicKeys = ['license', 'lease', 'crl'].map((role) => at(`${role}.pub.json`))
  vendor('keyring', 'add', '--from', first, '--out', at('keyring-2.json'), ...publicKeys)
  for (const root of ['root-1', 'root-3']) {
    vendor('keyring', 'sign', at('keyring-2.json'), '--previous', first, '--key', `${ROOT}${root}.key.json`)
  }
  const books = ['--keyring', at('keyring-2.json'), '--ledger', at('ledger.jsonl')]
  const terms = ['--term-days', '365', '--grace-days', '14', '--seats', '5', '--lease-max-days', '30', '--lease-first-use-days', '7']
  const customer = ['--customer-id', 'cus_1', '--customer-name', 'Linden & Vale', '--edition', 'business']
  const issue = (out, ...more) =>
    vendor('issue', ...customer, ...terms, ...more, '--key', at('license.key.json'), ...books, '--out', at(out))
  issue('linden.license', '--agents', '1', '--lease-required', 'true')

  // The node believes the new keys only after it has the keyring.
  assert.equal((await node('import', at('linden.license'))).error.code, 'artefact_wrong_key')
  assert.equal((await node('import', at('keyring-2.json'))).outcome, 'imported')
  const imported = await node('import', at('linden.license'))
  assert.equal(imported.state, 'active')

  const administrator = await init(dataDir)
  const { key } = await createApiKey(dataDir, administrator.email)
  const running = await RunningNode.start(place, dataDir, '--insecure-http')
  const caller = new Caller(running.url, key)
  const hire = () => caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: { model: 'extractive' } })
  assert.equal((await hire()).status, 201)
  assert.equal((await hire()).body.error.code, 'license_restricted')
  assert.equal((await caller.get('/api/ves')).items.length, 1)

  // A lease by file, and a report.
  await node('request', '--out', at('node.request'))
  vendor('lease', at('node.request'), '--key', at('lease.key.json'), ...books, '--out', at('node.lease'))
  assert.equal((await node('import', at('node.lease'))).state, 'active')
  assert.ok((await caller.get('/api/license')).license.lease.valid_until)
  fs.mkdirSync(at('reports'))
  await run('license', 'export-usage', '--out', at('reports'), '--data-dir', dataDir)
  for (const name of fs.readdirSync(at('reports'))) {
    assert.equal(vendor('report', 'import', at(`reports/${name}`), '--ledger', at('ledger.jsonl')).outcome, 'taken')
  }

  // A renewal for more, which the old lease does not fit.
  vendor(
    'renew',
    at('linden.license'),
    '--term-days',
    '365',
    '--agents',
    '2',
    '--key',
    at('license.key.json'),
    ...books,
    '--out',
    at('linden-2.license'),
  )
  assert.equal((await node('import', at('linden-2.license'))).number, 2)
  assert.equal((await node('import', at('linden.license'))).error?.code ?? 'already_there', 'already_there')

  // Revoked by a list: who works here goes on, nobody new comes.
  vendor('revoke', '--license-id', imported.license_id, '--reason', 'refunded', '--effect', 'restrict_new', '--ledger', at('ledger.jsonl'))
  vendor('crl', '--key', at('crl.key.json'), ...books, '--out', at('guildhall.crl'))
  assert.equal((await node('import', at('guildhall.crl'))).state, 'restrict_new')
  assert.equal((await hire()).body.error.details.state, 'restrict_new')
  const [{ id }] = (await caller.get('/api/ves')).items
  assert.equal((await caller.json('POST', `/api/ves/${id}/chat`, { body: { message: 'Who are you?' } })).status, 200)

  // The way back.
  issue('again.license', '--agents', '2', '--lease-required', 'false')
  assert.equal((await node('import', at('again.license'))).state, 'active')
  assert.equal((await hire()).status, 201)
  await running.stop()
})

test('the same with a licence server', async (t) => {
  const place = scope(t)
  const folder = temporaryFolder(place)
  const server = await startLicenseServer(place, path.join(folder, 'server'))
  const sold = await furnish(server.post, { entitlements: { 'agents.max': 1 }, report: { required: true, every_days: 30 } })
  const fileOf = (licence) => server.read(`/api/licences/${licence.id}/file`)

  const dataDir = path.join(folder, 'data')
  const administrator = await init(dataDir)
  const { key } = await createApiKey(dataDir, administrator.email)
  const running = await RunningNode.start(place, dataDir, '--insecure-http')
  const caller = new Caller(running.url, key)
  const send = async (method, address, body) => {
    const answer = await caller.json(method, address, { body })
    assert.ok(answer.status < 300, `${address}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  const load = async (text) => send('POST', '/api/license/import', { text })
  const hire = () => caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: { model: 'extractive' } })
  const contact = () => send('POST', '/api/license/server/contact')

  assert.equal((await load(await fileOf(sold.licence))).state, 'active')
  assert.equal((await hire()).status, 201)
  assert.equal((await hire()).body.error.code, 'license_restricted')

  // Nothing is asked before somebody lets it out.
  await send('PUT', '/api/license/server', { base_url: server.url, local_network: true, enabled: true })
  assert.match((await contact()).server.failure, /air-gapped/)
  await send('PUT', '/api/admin/egress', { mode: 'local_network', confirm: 'local_network' })
  await send('POST', '/api/license/usage/export', {})
  assert.equal((await contact()).server.failure, null)
  const leased = await caller.get('/api/license')
  assert.ok(leased.license.lease.valid_until > leased.effective_time)
  assert.ok(leased.crl.version >= 1)
  assert.ok((await caller.get('/api/license/usage')).reports[0].sent_at)
  const received = JSON.parse(await server.read('/api/reports'))
  assert.deepEqual([received.items.length, received.items[0].seq, received.items[0].forked], [1, 1, false])

  // Renewed: the node hears of it, and the file brings it.
  await server.post(`/api/licences/${sold.licence.id}/renew`, {})
  await contact()
  assert.equal((await caller.get('/api/license')).notices[0].code, 'newer_license')
  assert.equal((await load(await fileOf(sold.licence))).number, 2)
  assert.equal((await contact()).server.failure, null)
  assert.deepEqual((await caller.get('/api/license')).notices, [])

  // Revoked, and the way back.
  await server.post(`/api/licences/${sold.licence.id}/revoke`, { reason: 'refunded', effect: 'restrict_new', message: 'Call us.' })
  assert.equal((await contact()).server.failure, null)
  assert.equal((await caller.get('/api/license')).state, 'restrict_new')
  const again = await server.post('/api/licences', { contract_id: sold.contract.id })
  assert.equal((await load(await fileOf(again))).state, 'active')
  await running.stop()
})
