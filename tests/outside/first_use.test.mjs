// The main job from outside: an empty data directory, an organisation, a hire, an answer.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller, collect } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const QUESTION = 'What should I check before I approve a supplier invoice?'

describe('a new node', () => {
  const place = scope({ after })
  let node
  let caller
  let administrator
  let key

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    administrator = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    key = (await createApiKey(dataDir, administrator.email)).key
    caller = new Caller(node.url, key)
  })

  test('says who is calling', async () => {
    const session = await caller.get('/api/session')
    assert.equal(session.person.email, administrator.email)
    assert.equal(session.organisation.name, 'Linden & Vale')
    assert.equal(session.role, 'admin')
    assert.ok(session.permissions.includes('team.hire'))
  })

  test('has at least twelve agents in six departments', async () => {
    const { items, next_cursor } = await caller.get('/api/marketplace/agents?limit=100')
    assert.ok(items.length >= 12, `${items.length} agents`)
    assert.equal(next_cursor, null)
    assert.equal(new Set(items.map((agent) => agent.category)).size, 6)
    for (const agent of items) {
      for (const field of ['id', 'slug', 'name', 'category', 'summary']) assert.equal(typeof agent[field], 'string', field)
      assert.ok(['free', 'freemium', 'one_time', 'subscription', 'usage'].includes(agent.price.model))
      assert.ok(Number.isInteger(agent.price.amount_minor))
    }
  })

  test('finds an agent although the word is misspelt', async () => {
    const { items } = await caller.get('/api/marketplace/agents?q=invioce')
    assert.equal(items[0]?.slug, 'invoice-clerk')
  })

  test('answers from a handbook, quoting word for word', async () => {
    const ve = await hire({ persona_name: 'Ada' })
    assert.equal(ve.persona_name, 'Ada')
    const events = await collect(caller.ask(ve.id, { message: QUESTION }))
    const done = checkAnswer(events, 'extractive')
    assert.ok(done.citations.length > 0, 'it cites nothing')
    for (const citation of done.citations) {
      assert.ok(citation.passage.includes(citation.quote), `not in the passage: ${citation.quote}`)
    }
    const cited = done.citations.find((citation) => citation.source === 'handbook')
    const passage = await caller.get(`/api/marketplace/agents/invoice-clerk/handbook/${cited.passage_id}`)
    assert.ok(passage.text.includes(cited.quote), 'the quote is not what the handbook says')
  })

  test('answers with the starter model when it was chosen', async () => {
    const ve = await hire({ model: 'starter' })
    const done = checkAnswer(await collect(caller.ask(ve.id, { message: 'Good morning, who are you?' })), 'generative')
    assert.equal(done.model, 'starter')
  })

  test('answers whole when no stream is asked for, and remembers it', async () => {
    const ve = await hire({})
    const { status, body } = await caller.json('POST', `/api/ves/${ve.id}/chat`, { body: { message: QUESTION } })
    assert.equal(status, 200)
    const { items } = await caller.get(`/api/ves/${ve.id}/messages?conversation_id=${body.conversation_id}`)
    assert.deepEqual(
      items.map((message) => [message.role, message.state]),
      [
        ['assistant', 'complete'],
        ['user', 'complete'],
      ],
    )
    assert.equal(items[0].text, body.message.text)
    assert.equal(items[1].text, QUESTION)
    const usage = await caller.get('/api/billing/usage')
    assert.ok(usage.items.some((row) => row.ve_id === ve.id && row.output_tokens === body.usage.output_tokens))
  })

  test('does a repeated request once', async () => {
    const headers = { 'idempotency-key': 'hire-once' }
    const send = () => caller.json('POST', '/api/marketplace/agents/contract-reviewer/hire', { body: {}, headers })
    const [first, second] = [await send(), await send()]
    assert.equal(first.status, 201)
    assert.equal(second.body.id, first.body.id)
    const { items } = await caller.get('/api/ves?limit=100')
    assert.equal(items.filter((ve) => ve.agent.slug === 'contract-reviewer').length, 1)
  })

  test('writes neither secrets nor what people ask into its log', () => {
    for (const secret of [administrator.password, key, QUESTION]) assert.ok(!node.log.includes(secret))
  })

  async function hire(body) {
    const { status, body: ve } = await caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body })
    assert.equal(status, 201, JSON.stringify(ve))
    return ve
  }
})

/** Checks the shape of a streamed answer and returns its `done`. */
function checkAnswer(events, mode) {
  const names = events.map((event) => event.event)
  assert.equal(names[0], 'started')
  assert.equal(names.at(-1), 'done', JSON.stringify(events.at(-1)))
  const deltas = events.filter((event) => event.event === 'delta')
  assert.ok(deltas.length >= 5, `${deltas.length} pieces`)
  const done = events.at(-1).data
  assert.equal(done.message.id, events[0].data.message_id)
  assert.equal(done.message.text, deltas.map((event) => event.data.text).join(''))
  assert.equal(done.mode, mode)
  assert.equal(typeof done.model, 'string')
  assert.ok(done.usage.input_tokens > 0 && done.usage.output_tokens > 0, JSON.stringify(done.usage))
  assert.ok(done.timing_ms.total >= done.timing_ms.first_token)
  return done
}
