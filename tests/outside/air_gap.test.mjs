// With the egress switch closed, as it is on a new node, providers are configured and asked for in every way there is;
// nothing of it may reach even a listener on this very machine. offline.sh runs this too, with every connect watched.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller, collect } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, run, scope, temporaryFolder } from '../harness/program.mjs'

const KINDS = ['openai', 'anthropic', 'gemini', 'azure_openai', 'bedrock', 'amazon_q', 'ollama', 'openai_compatible']

describe('an air-gapped node with providers', () => {
  const place = scope({ after })
  const reached = []
  let caller
  let dataDir
  let providers

  before(async () => {
    const listener = net.createServer((socket) => {
      reached.push(socket.remotePort)
      socket.destroy()
    })
    listener.listen(0, '127.0.0.1')
    await once(listener, 'listening')
    place.after(() => listener.close())
    dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const node = await RunningNode.start(place, dataDir, '--insecure-http')
    caller = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
    providers = []
    for (const kind of KINDS) {
      const near = { base_url: `http://127.0.0.1:${listener.address().port}`, local_network: true }
      providers.push(await enter(kind, `near-${kind.replace('_', '-')}`, near))
    }
    // Names that would have to be looked up.
    for (const kind of ['openai', 'anthropic', 'gemini', 'bedrock']) providers.push(await enter(kind, `far-${kind}`, {}))
  })

  async function enter(kind, slug, where) {
    const settings = { region: 'eu-central-1', application_id: '0a1b2c3d-0000-1111-2222-333344445555' }
    const keys = { kind: 'aws', access_key_id: 'AKIDEXAMPLE', secret_access_key: 'secret' }
    const credentials = ['bedrock', 'amazon_q'].includes(kind) ? keys : { kind: 'api_key', api_key: 'secret' }
    const body = { kind, slug, settings, credentials, models: [{ name: 'm' }], ...where }
    const made = await caller.json('POST', '/api/admin/providers', { body })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    assert.equal(made.body.reachable, false)
    return made.body
  }

  test('says that it is closed', async () => {
    const egress = await caller.get('/api/admin/egress')
    assert.equal(egress.mode, 'air_gapped')
    assert.ok(egress.destinations.every((destination) => destination.open === false))
  })

  test('tests every provider without sending anything', async () => {
    for (const provider of providers) {
      const { status, body } = await caller.json('POST', `/api/admin/providers/${provider.id}/test`, { body: {} })
      assert.equal(status, 200)
      assert.equal(body.passed, false)
      assert.match(body.steps[0].detail, /air-gapped/)
    }
  })

  test('answers from its own sources for employees that chose a provider', async () => {
    for (const provider of providers) {
      const hired = await caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', {
        body: { model: provider.models[0].model },
      })
      assert.equal(hired.status, 201, JSON.stringify(hired.body))
      const events = await collect(caller.ask(hired.body.id, { message: 'What do I check on an invoice?' }))
      assert.equal(events.at(-1).event, 'done')
      assert.equal(events.at(-1).data.mode, 'extractive')
    }
  })

  test('opens the switch for nobody who does not mean it', async () => {
    const { status, body } = await caller.json('PUT', '/api/admin/egress', { body: { mode: 'allowed' } })
    assert.equal(status, 400)
    assert.equal(body.error.code, 'confirmation_needed')
    const command = await run('egress', 'set', 'allowed', '--data-dir', dataDir)
    assert.equal(command.code, 1)
    const shown = await run('egress', 'show', '--data-dir', dataDir, '--json')
    assert.equal(JSON.parse(shown.stdout).mode, 'air_gapped')
  })

  test('reached nobody', () => {
    assert.deepEqual(reached, [])
  })
})
