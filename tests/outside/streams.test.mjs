// Many answers at once through every protocol, given up at random: no place, no sequence and no memory is left behind.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const STREAMS = 64
/** Rounds until everything that is kept on purpose is there: buffers, prefixes, threads. */
const WARM_UP = 4
const ROUNDS = 24
/** What a process may hold more after the rounds: an answer that leaves 11 KiB behind each time is found. */
const GROWTH_MAX_KIB = 16 * 1024
const HELLO = [{ role: 'user', content: 'Tell me about the office, please.' }]
const WORDS = 24

/** What is asked, by protocol; each also without a stream. */
const ASKED = [
  ['/v1/chat/completions', { messages: HELLO, max_tokens: WORDS }],
  ['/v1/completions', { prompt: 'The office opens at nine and', max_tokens: WORDS }],
  ['/v1/responses', { input: 'Tell me about the office, please.', max_output_tokens: WORDS }],
  ['/v1/messages', { messages: HELLO, max_tokens: WORDS }],
]
/** The last words of a stream that came to its end. */
const ENDS = [/data: \[DONE\]/, /data: \[DONE\]/, /event: response\.(completed|incomplete)/, /event: message_stop/]

/** The same numbers in every run (Park and Miller, 1988). */
function random(seed) {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

function residentKib(process_id) {
  const status = fs.readFileSync(`/proc/${process_id}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)[1])
}

describe('many answers at once', () => {
  const place = scope({ after })
  const next = random(7)
  let node
  let caller

  before(async () => {
    const folder = temporaryFolder(place)
    const dataDir = path.join(folder, 'data')
    const administrator = await init(dataDir)
    const config = path.join(folder, 'guildhall.toml')
    // One person asks for all of them, who may hold an eighth of the places.
    fs.writeFileSync(config, '[engine]\nqueue_max = 1024\n')
    node = await RunningNode.start(place, dataDir, '--insecure-http', '--config', config)
    caller = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
  })

  /** One call: read to its end, or given up after some bytes or before the first. */
  async function call(number) {
    const protocol = number % ASKED.length
    const [address, body] = ASKED[protocol]
    const stream = next() < 0.75
    const patience = next() < 0.5 ? Number.POSITIVE_INFINITY : Math.floor(next() * 6)
    const stop = new AbortController()
    const response = caller.open('POST', address, { model: 'starter', temperature: 1, stream, ...body }, stop.signal)
    if (patience === 0) {
      stop.abort()
      await response.catch(() => {})
      return 'given up'
    }
    const answer = await response
    assert.equal(answer.status, 200, address)
    let text = ''
    let pieces = 0
    for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
      text += piece
      pieces += 1
      // Leaving the loop closes the connection.
      if (pieces >= patience) return 'given up'
    }
    if (stream) assert.match(text, ENDS[protocol], address)
    else assert.equal(typeof JSON.parse(text).id, 'string', address)
    return 'whole'
  }

  async function round() {
    const calls = Array.from({ length: STREAMS }, (_, number) => call(number))
    return Promise.all(calls)
  }

  /** The starter model once nobody is answered and nobody waits. */
  async function quiet() {
    for (;;) {
      const { models } = await caller.get('/api/admin/models/runtime')
      const starter = models.find((model) => model.name === 'starter')
      if (starter.running === 0 && starter.queue.length === 0) return starter
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
  }

  test('leave no place, no sequence and no memory behind', { timeout: 600_000 }, async (t) => {
    for (let number = 0; number < WARM_UP; number += 1) await round()
    const warm = await quiet()
    const held = { node: residentKib(node.process_id), engine: residentKib(warm.process_id) }
    const ended = []
    for (let number = 0; number < ROUNDS; number += 1) ended.push(...(await round()))
    const cold = await quiet()
    assert.equal(cold.process_id, warm.process_id, 'the engine was not started again')
    assert.ok(ended.includes('whole') && ended.includes('given up'))
    for (const [name, process_id] of [
      ['node', node.process_id],
      ['engine', warm.process_id],
    ]) {
      const more = residentKib(process_id) - held[name]
      t.diagnostic(`the ${name} holds ${more} KiB more`)
      assert.ok(more < GROWTH_MAX_KIB, `the ${name} holds ${more} KiB more after ${ROUNDS * STREAMS} answers`)
    }
    // Every sequence still computes: as many answers as the model has sequences are written at the same time.
    const whole = await Promise.all(
      Array.from({ length: cold.sequences }, async () => {
        const { status, body } = await caller.json('POST', '/v1/chat/completions', {
          body: { model: 'starter', messages: HELLO, max_tokens: WORDS },
        })
        return [status, body.usage.completion_tokens > 0]
      }),
    )
    assert.deepEqual(whole, Array(cold.sequences).fill([200, true]))
    const after = await quiet()
    assert.ok(after.cache_tokens_used <= after.cache_tokens)
  })
})
