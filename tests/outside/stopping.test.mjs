// Starting, stopping and dying.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const STARTS = 5
/** Loose: the machine may be busy and the build unoptimised. `cargo xtask bench http` measures it against its target of 300 ms. */
const READY_MAX_MS = Number(process.env.GUILDHALL_READY_MAX_MS ?? 10_000)

test('a node is ready soon on a data directory that is there, and stops when asked', async (t) => {
  const place = scope(t)
  const dataDir = path.join(temporaryFolder(place), 'data')
  await init(dataDir)
  const times = []
  for (let start = 0; start < STARTS; start += 1) {
    const node = await RunningNode.start(place, dataDir, '--insecure-http')
    times.push(node.readyAfterMs)
    assert.equal((await new Caller(node.url).send('GET', '/readyz')).status, 200)
    assert.equal(await node.stop(), 0, node.log)
  }
  const median = times.sort((left, right) => left - right)[Math.floor(STARTS / 2)]
  t.diagnostic(`ready after ${median.toFixed(0)} ms (median of ${STARTS})`)
  assert.ok(median < READY_MAX_MS, `${median} ms`)
})

test('a thread of the allocator gives memory back that is free', async (t) => {
  const place = scope(t)
  const dataDir = path.join(temporaryFolder(place), 'data')
  await init(dataDir)
  const node = await RunningNode.start(place, dataDir, '--insecure-http')
  const tasks = `/proc/${node.process_id}/task`
  const names = fs.readdirSync(tasks).map((id) => fs.readFileSync(`${tasks}/${id}/comm`, 'utf8').trim())
  // How it is set is compiled in; without that there would be none.
  assert.equal(names.filter((name) => name === 'jemalloc_bg_thd').length, 1, names.join())
})

test('an answer that a power failure cut off is shown as failed, and nothing else is lost', async (t) => {
  const place = scope(t)
  const { node, caller, ve, dataDir } = await startWithEmployee(place)
  const started = await firstEvent(caller.ask(ve, { message: 'Who approves an invoice above the limit?' }))
  // The question is stored, and the model that finds its passages is still loading.
  await node.kill()
  const again = await RunningNode.start(place, dataDir, '--insecure-http')
  const { items } = await new Caller(again.url, caller.key).get(`/api/ves/${ve}/messages`)
  assert.deepEqual(
    items.map((message) => [message.role, message.state]),
    [
      ['assistant', 'failed'],
      ['user', 'complete'],
    ],
  )
  assert.equal(items[0].id, started.message_id)
  assert.equal(items[0].error.code, 'interrupted')
  const anew = await new Caller(again.url, caller.key).json('POST', `/api/ves/${ve}/messages/${items[0].id}/regenerate`)
  assert.equal(anew.status, 200, JSON.stringify(anew.body))
})

test('a node that is asked to stop stores the answer it is writing', async (t) => {
  const place = scope(t)
  const { node, caller, ve, dataDir } = await startWithEmployee(place)
  await firstEvent(caller.ask(ve, { message: 'Who approves an invoice above the limit?' }))
  assert.equal(await node.stop(), 0, node.log)
  const again = await RunningNode.start(place, dataDir, '--insecure-http')
  const { items } = await new Caller(again.url, caller.key).get(`/api/ves/${ve}/messages`)
  assert.deepEqual(
    items.map((message) => message.role),
    ['assistant', 'user'],
  )
  assert.ok(['stopped', 'complete'].includes(items[0].state), items[0].state)
})

/** Listens until the answer has begun, then hangs up: the node goes on with it. */
async function firstEvent(events) {
  for await (const event of events) {
    assert.equal(event.event, 'started')
    return event.data
  }
}

async function startWithEmployee(place) {
  const dataDir = path.join(temporaryFolder(place), 'data')
  const administrator = await init(dataDir)
  const { key } = await createApiKey(dataDir, administrator.email)
  const node = await RunningNode.start(place, dataDir, '--insecure-http')
  const caller = new Caller(node.url, key)
  caller.key = key
  const { status, body } = await caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: {} })
  assert.equal(status, 201, JSON.stringify(body))
  return { node, caller, ve: body.id, dataDir }
}
