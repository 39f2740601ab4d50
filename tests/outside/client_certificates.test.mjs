// A program that shows a certificate in place of a key, at a node that asks for one (docs/door.md).
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import fs from 'node:fs'
import https from 'node:https'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const DAYS = '30'

describe('client certificates', () => {
  const place = scope({ after })
  let folder
  let key
  let node

  before(async () => {
    folder = temporaryFolder(place)
    authority('ca')
    authority('stranger')
    certificate('program', 'ca')
    certificate('unknown', 'ca')
    certificate('forged', 'stranger')
    const dataDir = path.join(folder, 'data')
    const { email } = await init(dataDir)
    key = (await createApiKey(dataDir, email)).key
    const config = path.join(folder, 'guildhall.toml')
    fs.writeFileSync(config, `[tls]\nclient_ca = "${file('ca.pem')}"\nclient_certificates = "optional"\n`)
    node = await RunningNode.start(place, dataDir, '--config', config)
    const made = await call('POST', '/api/admin/service-accounts', { body: { name: 'Nightly', role: 'viewer' } })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const fingerprint = new X509Certificate(fs.readFileSync(file('program.pem'))).fingerprint256
    const bound = await call('PUT', `/api/admin/service-accounts/${made.body.id}/certificate`, { body: { fingerprint } })
    assert.ok(bound.status < 300, JSON.stringify(bound.body))
  })

  test('let the program in that one is bound to, with its role and no more', async () => {
    const session = await call('GET', '/api/session', { shows: 'program' })
    assert.equal(session.status, 200, JSON.stringify(session.body))
    assert.equal(session.body.role, 'viewer')
    const body = { email: 'mo@example.test', display_name: 'Mo', role: 'staff' }
    const refused = await call('POST', '/api/admin/people', { body, shows: 'program' })
    assert.deepEqual([refused.status, refused.body.error.code], [403, 'permission_missing'])
  })

  test('of the same authority that are bound to nobody open nothing', async () => {
    assert.equal((await call('GET', '/api/session', { shows: 'unknown' })).status, 401)
  })

  test('of another authority end the connection', async () => {
    await assert.rejects(call('GET', '/api/session', { shows: 'forged' }), { code: /^(ERR_SSL|ECONNRESET|EPIPE)/ })
  })

  test('are no condition where they are optional, and a key goes before one', async () => {
    assert.equal((await call('GET', '/api/session', { shows: null, key: null })).status, 401)
    const both = await call('GET', '/api/session', { shows: 'program', key })
    assert.equal(both.body.role, 'admin')
  })

  test('end at once when they are taken away', async () => {
    const [account] = (await call('GET', '/api/admin/service-accounts')).body.items
    const place = `/api/admin/service-accounts/${account.id}/certificate`
    assert.ok((await call('PUT', place, { body: { fingerprint: null } })).status < 300)
    assert.equal((await call('GET', '/api/session', { shows: 'program' })).status, 401)
  })

  const file = (name) => path.join(folder, name)
  const openssl = (...parameters) => execFileSync('openssl', parameters, { cwd: folder, stdio: 'pipe' })

  function authority(name) {
    const subject = ['-subj', `/CN=${name}`, '-days', DAYS]
    openssl('req', '-x509', '-newkey', 'ed25519', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.pem`, ...subject)
  }

  function certificate(name, issuer) {
    openssl('req', '-newkey', 'ed25519', '-nodes', '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`)
    fs.writeFileSync(file('client.ext'), 'extendedKeyUsage=clientAuth\n')
    const by = ['-CA', `${issuer}.pem`, '-CAkey', `${issuer}.key`, '-CAcreateserial', '-days', DAYS]
    openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, '-extfile', 'client.ext', ...by)
  }

  /** Sends one request over a connection of its own; with the administrator's key unless it `shows` a certificate. */
  function call(method, address, { body, shows = null, key: own = shows ? null : key } = {}) {
    const shown = shows && { cert: fs.readFileSync(file(`${shows}.pem`)), key: fs.readFileSync(file(`${shows}.key`)) }
    const headers = { ...(own && { authorization: `Bearer ${own}` }), ...(body && { 'content-type': 'application/json' }) }
    return new Promise((resolve, reject) => {
      // The node's certificate is its own; who the node is, is not asked here.
      const options = { method, headers, agent: false, rejectUnauthorized: false, ...shown }
      const request = https.request(new URL(address, node.url), options, (answer) => {
        let text = ''
        answer.setEncoding('utf8').on('data', (piece) => {
          text += piece
        })
        answer.on('end', () => resolve({ status: answer.statusCode, body: text && JSON.parse(text) }))
        answer.on('error', reject)
      })
      request.on('error', reject)
      request.end(body && JSON.stringify(body))
    })
  }
})
