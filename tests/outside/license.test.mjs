// Licences from outside: commands on a running and on a stopped node, files that are dropped, the exchange of a lease, revocation.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, run, scope, temporaryFolder } from '../harness/program.mjs'
import { armoured, crl, lease, license, payloadOf, sign } from '../harness/vendor.mjs'

const IMPORTED_MAX_MS = 90_000

/** Runs `guildhall license …` and reads its JSON. */
async function command(dataDir, ...parameters) {
  const done = await run('license', ...parameters, '--data-dir', dataDir, '--json')
  const text = done.code === 0 ? done.stdout : done.stderr
  return { code: done.code, body: JSON.parse(text) }
}

function file(folder, name, text) {
  const where = path.join(folder, name)
  fs.writeFileSync(where, text)
  return where
}

test('the whole exchange by files, on a stopped and on a running node', async (t) => {
  const place = scope(t)
  const folder = temporaryFolder(place)
  const dataDir = path.join(folder, 'data')

  // Before there is an organisation.
  const first = await command(dataDir, 'show')
  assert.equal(first.body.state, 'trial')
  assert.equal(first.body.trust_root, 'development')
  const bought = license({ entitlements: { 'agents.max': 1 }, lease: { required: true, max_days: 30, first_use_days: 7 } })
  const imported = await command(dataDir, 'import', file(folder, 'a.lic', armoured('license', bought)))
  assert.deepEqual([imported.body.outcome, imported.body.state], ['imported', 'active'])

  const administrator = await init(dataDir)
  const { key } = await createApiKey(dataDir, administrator.email)
  const node = await RunningNode.start(place, dataDir, '--insecure-http')
  const caller = new Caller(node.url, key)

  // The request leaves through the running node, and the lease comes back through it.
  const out = path.join(folder, 'node.request')
  assert.equal((await run('license', 'request', '--out', out, '--data-dir', dataDir)).code, 0)
  const request = payloadOf(fs.readFileSync(out, 'utf8'))
  assert.equal(request.license_id, bought.license_id)
  const answer = file(folder, 'a.lease', sign('lease', lease(bought, request)))
  assert.equal((await command(dataDir, 'import', answer)).body.state, 'active')
  assert.equal((await command(dataDir, 'import', answer)).body.outcome, 'already_there')

  // The cap stops only the next one.
  const hire = () => caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: { model: 'extractive' } })
  assert.equal((await hire()).status, 201)
  const refused = await hire()
  assert.equal(refused.status, 403)
  const { code, details } = refused.body.error
  assert.deepEqual([code, details.feature, details.state], ['license_restricted', 'agents.max', 'active'])
  assert.ok(Date.parse(details.since) > 0)

  // Revoked by a list, and renewed.
  const revoked = [{ license_id: bought.license_id, reason: 'refunded', at: bought.issued_at, effect: 'restrict_new' }]
  assert.equal((await command(dataDir, 'import', file(folder, 'a.crl', sign('crl', crl(2, revoked))))).body.state, 'restrict_new')
  const older = await command(dataDir, 'import', file(folder, 'b.crl', sign('crl', crl(1))))
  assert.deepEqual([older.code, older.body.error.code], [1, 'crl_older'])
  const renewal = license({ license_id: 'lic_renewed', supersedes: [bought.license_id], entitlements: { 'agents.max': 2 } })
  fs.writeFileSync(path.join(dataDir, 'license', 'renewal.lic'), sign('license', renewal))
  fs.writeFileSync(path.join(dataDir, 'license', 'broken.lic'), 'not a licence')
  const status = await until(async () => {
    const now = await caller.get('/api/license')
    return now.state === 'active' && now.files.some((found) => found.name === 'broken.lic') ? now : undefined
  })
  assert.equal(status.license.license_id, 'lic_renewed')
  const broken = status.files.find((found) => found.name === 'broken.lic')
  assert.equal(broken.outcome, 'refused')
  assert.match(broken.reason, /cannot be read/)
  assert.equal((await hire()).status, 201)

  // Usage leaves by file, and doctor says whose keys are trusted.
  const report = path.join(folder, 'usage.report')
  assert.equal((await run('license', 'export-usage', '--out', report, '--data-dir', dataDir)).code, 0)
  const said = payloadOf(fs.readFileSync(report, 'utf8'))
  assert.deepEqual([said.seq, said.license_id, said.daily[0].ves_peak], [1, 'lic_renewed', 2])
  const doctor = await run('doctor', '--data-dir', dataDir, '--json')
  assert.equal(JSON.parse(doctor.stdout).trust_root, 'development')
  await node.stop()

  // All of it is still there.
  const after = await command(dataDir, 'show')
  assert.deepEqual([after.body.state, after.body.crl.version], ['active', 2])
})

test('files that are wrong are refused with a sentence', async (t) => {
  const place = scope(t)
  const folder = temporaryFolder(place)
  const dataDir = path.join(folder, 'data')
  const forged = JSON.parse(sign('license', license()))
  forged.payload = Buffer.from(JSON.stringify(license({ entitlements: { 'feature.*': true } }))).toString('base64')
  for (const [text, expected] of [
    ['hello', 'artefact_malformed'],
    [JSON.stringify(forged), 'artefact_bad_signature'],
    [' '.repeat(70_000), 'artefact_too_large'],
  ]) {
    const { code, body } = await command(dataDir, 'import', file(folder, 'x', text))
    assert.deepEqual([code, body.error.code], [1, expected])
    assert.ok(body.error.message.length > 20)
  }
  const missing = await command(dataDir, 'import', path.join(folder, 'nowhere'))
  assert.equal(missing.body.error.code, 'file_unreadable')
  const none = await command(dataDir, 'request')
  assert.equal(none.body.error.code, 'no_license')
})

/** Waits for what a condition gives. */
async function until(condition) {
  const end = Date.now() + IMPORTED_MAX_MS
  for (;;) {
    const found = await condition()
    if (found !== undefined) return found
    assert.ok(Date.now() < end, 'the folder was not looked at')
    await new Promise((resolve) => setTimeout(resolve, 500))
  }
}
