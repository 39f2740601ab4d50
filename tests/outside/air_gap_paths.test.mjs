// Every way by which the node could reach another machine, gone with the egress switch closed: each leads to an address of the
// internet and a port of its own, and none may be tried. offline.sh runs this twice with every socket watched: with the switch closed,
// where no port may be seen, and with it open (OFFLINE_SWITCH=open), where the watcher must see every one, so that its silence before
// means something.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller, collect } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const OPEN = process.env.OFFLINE_SWITCH === 'open'
/** An address of the internet that belongs to nobody's server. Where the switch is open outside a namespace without a network, offline.sh names this machine. */
const ADDRESS = process.env.OFFLINE_ADDRESS ?? '44.128.0.1'
const IS_LOCAL = ADDRESS.startsWith('127.')
/** Where to write down which port stands for which way. */
const WAYS = process.env.OFFLINE_WAYS
const FIRST_PORT = 41_001
const ENDED_MAX_MS = 60_000
const GREETING = [{ role: 'user', content: 'Good morning' }]
/** Codes of refusals that say that the switch is closed, or that nothing outside may be chosen while it is. */
const CLOSED = ['egress_denied', 'egress_address_refused', 'provider_disabled']

describe(`ways out of the node, the switch ${OPEN ? 'open' : 'closed'}`, () => {
  const place = scope({ after })
  let admin
  let anybody
  let node
  let ports = FIRST_PORT

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    admin = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
    anybody = new Caller(node.url)
    if (OPEN) await done('PUT', '/api/admin/egress', { mode: 'allowed', confirm: 'allowed' })
    const { mode } = await admin.get('/api/admin/egress')
    assert.equal(mode, OPEN ? 'allowed' : 'air_gapped')
  })

  /** Sends a change that must succeed. */
  async function done(method, where, body) {
    const answer = await admin.json(method, where, { body })
    assert.ok(answer.status < 300, `${method} ${where}: ${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  /** The port of one way out. */
  function port(way) {
    const chosen = ports
    ports += 1
    if (WAYS) fs.appendFileSync(WAYS, `${chosen} ${way}\n`)
    return chosen
  }

  /** A provider with a port of its own; the name of its model. */
  async function provider(way, kind = 'generative') {
    const slug = way.replaceAll(/\W+/g, '-')
    const made = await done('POST', '/api/admin/providers', {
      kind: 'openai_compatible',
      slug,
      base_url: `https://${ADDRESS}:${port(way)}/v1`,
      local_network: IS_LOCAL,
      credentials: { kind: 'api_key', api_key: 'secret' },
      models: [{ name: 'm', kind }],
    })
    assert.equal(made.reachable, OPEN)
    return { id: made.id, model: made.models[0].model }
  }

  /** A refusal of one of the protocols: it names the switch when that is closed. */
  async function refused(where, body) {
    const answer = await admin.send('POST', where, { body })
    const text = await answer.text()
    assert.ok(answer.status >= 400 || text.includes('error'), `${where}: ${answer.status} ${text}`)
    if (!OPEN) assert.match(text, /air-gapped/, where)
  }

  /** Waits until what runs by itself has come to an end. */
  async function until(what, is_it) {
    const late = Date.now() + ENDED_MAX_MS
    for (;;) {
      const found = await is_it()
      if (found) return found
      assert.ok(Date.now() < late, `${what} takes too long`)
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }

  /** The words of a failure name the switch, or the network beyond which it does not let anything. */
  function saysClosed(value) {
    if (!OPEN) assert.match(JSON.stringify(value), /air-gapped|egress switch/)
  }

  test('the programming interfaces', async () => {
    const ask = { messages: GREETING, max_tokens: 4 }
    await refused('/v1/chat/completions', { ...ask, model: (await provider('chat')).model })
    await refused('/v1/chat/completions', { ...ask, model: (await provider('streamed chat')).model, stream: true })
    await refused('/v1/responses', { input: 'Good morning', model: (await provider('response')).model })
    await refused('/v1/messages', { ...ask, model: (await provider('message')).model })
    await refused('/v1/embeddings', { input: 'Good morning', model: (await provider('embedding', 'embedding')).model })
    // Counting and listing ask nobody outside.
    const models = await admin.get('/v1/models')
    assert.ok(models.data.length > 0)
  })

  test('a chain of providers', async () => {
    const steps = [(await provider('first of a chain')).model, (await provider('second of a chain')).model]
    await done('PUT', '/api/admin/fallbacks/outside', { steps })
    await refused('/v1/chat/completions', { messages: GREETING, max_tokens: 4, model: 'fallback/outside' })
  })

  test('the playground', async () => {
    const columns = [{ model: (await provider('left column')).model }, { model: (await provider('right column')).model }]
    const run = await done('POST', '/api/playground/runs', { messages: GREETING, columns })
    const ended = await until('the playground run', async () => {
      const now = await admin.get(`/api/playground/runs/${run.id}`)
      return now.answers.every((answer) => ['complete', 'failed', 'stopped'].includes(answer.state)) && now
    })
    for (const answer of ended.answers) assert.equal(answer.state, 'failed', JSON.stringify(answer))
    saysClosed(ended.answers)
  })

  test('the test of a provider', async () => {
    const { id } = await provider('test of a provider')
    const report = await done('POST', `/api/admin/providers/${id}/test`, {})
    assert.equal(report.passed, false)
    saysClosed(report)
  })

  test('an employee who chose a provider', async () => {
    const { model } = await provider('employee')
    const ve = await done('POST', '/api/marketplace/agents/invoice-clerk/hire', { model })
    const events = await collect(admin.ask(ve.id, { message: 'What do I check on an invoice?' }))
    const last = events.at(-1)
    // Closed: the employee quotes instead. Open: the provider was asked and did not answer.
    assert.equal(last.event, OPEN ? 'error' : 'done', JSON.stringify(last))
    const other = await provider('completion of an employee')
    const writer = await done('POST', '/api/marketplace/agents/invoice-clerk/hire', { model: other.model })
    const body = { model: writer.id, prompt: 'What do I check on an invoice?', max_tokens: 4 }
    const { status } = await admin.json('POST', '/v1/completions', { body })
    assert.equal(status < 300, !OPEN, String(status))
  })

  test('a collection whose vectors a provider makes', async () => {
    const { model } = await provider('collection', 'embedding')
    const chosen = await admin.json('PUT', '/api/admin/collections/files', { body: { model } })
    if (chosen.status >= 300) assert.ok(CLOSED.includes(chosen.body.error.code), JSON.stringify(chosen.body))
    const ve = await done('POST', '/api/marketplace/agents/invoice-clerk/hire', { model: 'extractive' })
    const attachments = [{ name: 'terms.txt', text: 'Payment is due within thirty days of the date on the invoice.' }]
    const events = await collect(admin.ask(ve.id, { message: 'When is payment due?', attachments }))
    assert.ok(['done', 'error'].includes(events.at(-1).event), JSON.stringify(events.at(-1)))
  })

  test('mail: the test of a server, and a letter that waits', async () => {
    const server = (way) => ({ host: ADDRESS, port: port(way), security: 'tls', sender: 'guildhall@example.test' })
    saysClosed(await done('POST', '/api/admin/mail/test', server('test of a mail server')))
    await done('PUT', '/api/admin/mail', server('letter'))
    await anybody.json('POST', '/api/password-reset', { body: { email: 'robin@example.test' } })
    const { last_failure } = await until('the letter', async () => {
      const state = await admin.get('/api/admin/mail')
      return state.last_failure && state
    })
    saysClosed(last_failure)
  })

  test('directories: a test, a login, a dry run, a refresh', async () => {
    const settings = (way) => ({
      name: way,
      kind: 'openldap',
      urls: [`ldaps://${ADDRESS}:${port(way)}`],
      security: 'ldaps',
      bind_dn: 'cn=reader,dc=example,dc=org',
      bind_password: 'secret',
      base_dn: 'dc=example,dc=org',
      enabled: true,
    })
    const tried = await done('POST', '/api/admin/directories/test', settings('test of a directory'))
    assert.equal(tried.ok, false)
    saysClosed(tried)
    const { id } = await done('POST', '/api/admin/directories', settings('login through a directory'))
    const login = await anybody.json('POST', '/api/session', { body: { email: 'ana@example.org', password: 'a wrong password' } })
    assert.ok(login.status >= 400, JSON.stringify(login.body))
    const dry = await admin.json('POST', `/api/admin/directories/${id}/dry-run`, { body: {} })
    assert.ok(dry.status >= 400, JSON.stringify(dry.body))
    saysClosed(dry.body)
    await admin.json('POST', `/api/admin/directories/${id}/refresh`)
    const ended = await until('the refresh', async () => {
      const { last_refresh } = await admin.get(`/api/admin/directories/${id}`)
      return last_refresh?.state !== 'running' && last_refresh
    })
    saysClosed(ended)
    await done('DELETE', `/api/admin/directories/${id}`)
  })

  test('an OpenID provider: its description at a login and at a test', async () => {
    const { id } = await done('POST', '/api/admin/identity-providers', {
      kind: 'oidc',
      name: 'Outside',
      oidc: { issuer: `https://${ADDRESS}:${port('OpenID provider')}`, client_id: 'guildhall', client_secret: 'a secret' },
    })
    const login = await anybody.send('GET', `/oidc/${id}/login`, { headers: { accept: 'text/html' } }).catch((error) => error)
    assert.ok(login.status !== 200 || login.url.includes('error'), String(login.status))
    await done('POST', `/api/admin/identity-providers/${id}/test`)
    const { recent_failures } = await admin.get(`/api/admin/identity-providers/${id}`)
    assert.ok(recent_failures.length > 0)
    saysClosed(recent_failures)
  })

  test('what only comes in: metadata of SAML, people by SCIM', async () => {
    const parsed = await admin.json('POST', '/api/admin/identity-providers/saml/parse-metadata', {
      body: { metadata: `<EntityDescriptor entityID="https://${ADDRESS}/metadata"/>` },
    })
    assert.ok(parsed.status < 500, JSON.stringify(parsed.body))
    const { secret } = await done('POST', '/api/admin/scim-tokens', { name: 'provisioning' })
    const made = await new Caller(node.url, secret).json('POST', '/scim/v2/Users', {
      body: {
        schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
        userName: 'ana@example.org',
        emails: [{ value: 'ana@example.org' }],
      },
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
  })

  test('the licence server', async () => {
    const base_url = `https://${ADDRESS}:${port('licence server')}`
    await done('PUT', '/api/license/server', { base_url, local_network: IS_LOCAL, enabled: true })
    const contacted = await done('POST', '/api/license/server/contact')
    assert.ok(contacted.server.failure, JSON.stringify(contacted))
    saysClosed(contacted.server.failure)
  })

  // The last one: from here on it is asked about everything.
  test('an authoriser, at its test and at a question', async () => {
    const url = `https://${ADDRESS}:${port('authoriser')}/`
    await done('PUT', '/api/admin/authoriser', { url, timeout_ms: 5_000, enabled: true, on_failure: 'allow' })
    saysClosed(await done('POST', '/api/admin/authoriser/test'))
    const ve = await done('POST', '/api/marketplace/agents/invoice-clerk/hire', { model: 'extractive' })
    const events = await collect(admin.ask(ve.id, { message: 'What do I check on an invoice?' }))
    assert.equal(events.at(-1).event, 'done', JSON.stringify(events.at(-1)))
  })
})
