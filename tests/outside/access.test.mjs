// What a stranger gets to see of a node that is set up.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' blob: data:; connect-src 'self'; " +
  "worker-src 'self'; manifest-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'; " +
  "require-trusted-types-for 'script'; trusted-types 'none'"
const METHODS = ['get', 'post', 'put', 'patch', 'delete']
const CLOSED = new Set([401, 403, 404])

describe('a stranger', () => {
  const place = scope({ after })
  let stranger

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    await init(dataDir)
    stranger = new Caller((await RunningNode.start(place, dataDir, '--insecure-http')).url)
  })

  test('is told to run nothing that the node did not send', async () => {
    for (const address of ['/', '/signin', '/api/setup', '/no-such-page', '/assets/no-such-file.js', '/openapi.json']) {
      const response = await stranger.send('GET', address)
      assert.equal(response.headers.get('content-security-policy'), POLICY, address)
      assert.equal(response.headers.get('x-content-type-options'), 'nosniff', address)
      assert.ok(response.headers.get('x-request-id'), address)
    }
    assert.ok(!POLICY.includes('unsafe-'))
  })

  test('gets the pages but no asset that is not there', async () => {
    const page = await stranger.send('GET', '/team', { headers: { accept: 'text/html' } })
    assert.equal(page.status, 200)
    const html = await page.text()
    assert.equal((await stranger.send('GET', '/assets/no-such-file.js')).status, 404)
    const scripts = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map(([, address]) => address)
    assert.ok(scripts.length > 2, html)
    for (const address of scripts) assert.equal((await stranger.send('GET', address)).status, 200, address)
  })

  test('is refused by every operation that is not declared public', async () => {
    const { paths } = await stranger.get('/openapi.json')
    const open = []
    let tried = 0
    for (const [address, item] of Object.entries(paths)) {
      for (const method of METHODS.filter((name) => item[name])) {
        if (item[method].security?.length === 0) continue
        tried += 1
        for (const headers of [{}, { authorization: 'Bearer ghk_0000000000000000000000000000' }]) {
          const { status } = await call(method, address, headers)
          if (!CLOSED.has(status)) open.push(`${method} ${address}: ${status}`)
        }
      }
    }
    assert.deepEqual(open, [])
    assert.ok(tried > 30, `only ${tried} operations were tried`)
  })

  test('gets errors in one shape', async () => {
    for (const address of ['/api/session', '/api/no-such-thing']) {
      const { status, body } = await stranger.json('GET', address)
      assert.ok(CLOSED.has(status))
      assert.match(body.error.code, /^[a-z_]+$/)
      assert.match(body.error.message, /^[^A-Z].*[^.]$/)
      assert.ok(body.error.request_id)
    }
  })

  async function call(method, address, headers) {
    const filled = address.replaceAll(/\{\w+\}/g, 'x')
    const body = method === 'get' || method === 'delete' ? undefined : {}
    const response = await stranger.send(method.toUpperCase(), filled, { body, headers })
    await response.body?.cancel()
    return response
  }
})
