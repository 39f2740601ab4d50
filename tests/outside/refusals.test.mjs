// Bad input: every refusal is one sentence with the way out, has a stable code, and loses nothing that is stored.
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, PROGRAM, RunningNode, run, STARTER_MODEL, scope, temporaryFolder } from '../harness/program.mjs'

/** Checks that a command failed with a sentence about `about`, and nothing else on standard error but the log. */
function checkRefusal(done, about) {
  assert.equal(done.code, 1, `${done.stdout}${done.stderr}`)
  const line = done.stderr.split('\n').find((text) => text.startsWith('guildhall: '))
  assert.ok(line, `no sentence in ${done.stderr}`)
  assert.match(line, about)
  assert.ok(!line.endsWith('.'), line)
}

describe('starting a node is refused', () => {
  test('on a data directory that another node uses', async (t) => {
    const place = scope(t)
    const dataDir = path.join(temporaryFolder(place), 'data')
    await init(dataDir)
    const node = await RunningNode.start(place, dataDir, '--insecure-http')
    const second = await run('serve', '--data-dir', dataDir, '--insecure-http', '--listen', '127.0.0.1:0')
    checkRefusal(second, new RegExp(`process ${node.process_id} already runs a node.*--data-dir`))
    assert.equal((await new Caller(node.url).send('GET', '/readyz')).status, 200)
  })

  test('on a port that another program uses', async (t) => {
    const place = scope(t)
    const taken = net.createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    place.after(() => taken.close())
    const { port } = taken.address()
    const done = await run('serve', '--data-dir', temporaryFolder(place), '--insecure-http', '--listen', `127.0.0.1:${port}`)
    checkRefusal(done, new RegExp(`port ${port} .*is taken.*--listen`))
  })

  test('without encryption where others can listen in', async (t) => {
    const place = scope(t)
    const done = await run('serve', '--data-dir', temporaryFolder(place), '--insecure-http', '--listen', '0.0.0.0:0')
    checkRefusal(done, /not a loopback address.*--insecure-http/)
  })

  test('on a data directory that cannot be written', async (t) => {
    const place = scope(t)
    const file = path.join(temporaryFolder(place), 'file')
    fs.writeFileSync(file, '')
    const done = await run('serve', '--data-dir', path.join(file, 'data'), '--insecure-http', '--listen', '127.0.0.1:0')
    checkRefusal(done, /data directory .* cannot be written.*--data-dir/)
  })

  test('on a database of a newer version, which stays as it is', async (t) => {
    const place = scope(t)
    const dataDir = path.join(temporaryFolder(place), 'data')
    await init(dataDir)
    const database = path.join(dataDir, 'guildhall.db')
    const statement = "INSERT INTO schema_migrations VALUES (999, 'from_the_future', 'x', 0)"
    const changed = spawnSync('python3', [
      '-c',
      'import sqlite3, sys\nwith sqlite3.connect(sys.argv[1]) as db: db.execute(sys.argv[2])',
      database,
      statement,
    ])
    assert.equal(changed.status, 0, String(changed.stderr))
    const done = await run('serve', '--data-dir', dataDir, '--insecure-http', '--listen', '127.0.0.1:0')
    checkRefusal(done, /newer/)
    const read = spawnSync('python3', [
      '-c',
      'import sqlite3, sys\nprint(sqlite3.connect(sys.argv[1]).execute("SELECT count(*) FROM organisations").fetchone()[0])',
      database,
    ])
    assert.equal(String(read.stdout).trim(), '1')
  })

  test('with a configuration that has an unknown key', async (t) => {
    const place = scope(t)
    const dataDir = temporaryFolder(place)
    fs.writeFileSync(path.join(dataDir, 'guildhall.toml'), "listne = '127.0.0.1:1'\n")
    const done = await run('serve', '--data-dir', dataDir, '--insecure-http', '--listen', '127.0.0.1:0')
    checkRefusal(done, /guildhall\.toml is wrong.*/)
  })

  test('with a wrong option, which is wrong usage', async () => {
    const done = await run('serve', '--no-such-option')
    assert.equal(done.code, 2)
  })

  test('on a disk that is full', async (t) => {
    const place = scope(t)
    const probe = spawnSync('unshare', ['--mount', '--map-root-user', 'true'])
    if (probe.status !== 0) return t.skip('this system does not let unshare make a mount namespace')
    const folder = temporaryFolder(place)
    const script = 'mount -t tmpfs -o size=96k none "$1" && exec "$2" serve --data-dir "$1/data" --insecure-http --listen 127.0.0.1:0'
    const done = spawnSync('unshare', ['--mount', '--map-root-user', 'sh', '-c', script, 'sh', folder, PROGRAM], {
      encoding: 'utf8',
      timeout: 60_000,
    })
    checkRefusal({ code: done.status, ...done }, /full|space/)
  })
})

describe('a command is refused', () => {
  test('for a password file that is not there', async (t) => {
    const place = scope(t)
    const dataDir = temporaryFolder(place)
    const parameters = ['--org', 'A', '--admin', 'a@example.test', '--password-file', path.join(dataDir, 'none')]
    checkRefusal(await run('init', '--data-dir', dataDir, ...parameters), /password file .* cannot be read/)
  })

  test('for a second first organisation', async (t) => {
    const place = scope(t)
    const dataDir = path.join(temporaryFolder(place), 'data')
    await init(dataDir)
    await assert.rejects(init(dataDir), /set up already/)
  })

  test('for a manifest with a misspelt field, naming the field and what it may mean', async (t) => {
    const place = scope(t)
    const folder = temporaryFolder(place)
    const source = new URL('../../appliance/catalog/invoice-clerk/', import.meta.url).pathname
    fs.cpSync(source, folder, { recursive: true })
    const file = path.join(folder, 'manifest.yaml')
    assert.equal((await run('agents', 'validate', file)).code, 0)
    fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/^summary:/m, 'sumary:'))
    const done = await run('agents', 'validate', file, '--json')
    assert.equal(done.code, 1)
    const report = JSON.parse(done.stdout)
    assert.equal(report.valid, false)
    assert.match(done.stdout, /sumary/)
    assert.match(done.stdout, /summary/)
  })
})

describe('a running node', () => {
  const place = scope({ after })
  let dataDir
  let caller

  before(async () => {
    dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const node = await RunningNode.start(place, dataDir, '--insecure-http')
    caller = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
  })

  test('takes no model file that is damaged, cut off or something else', async (t) => {
    const place = scope(t)
    const folder = temporaryFolder(place)
    const whole = fs.readFileSync(STARTER_MODEL)
    const files = {
      'cut-off.gguf': whole.subarray(0, whole.length / 2),
      'header-cut-off.gguf': whole.subarray(0, 200),
      'damaged.gguf': Buffer.concat([whole.subarray(0, 8), Buffer.alloc(4096, 0xff)]),
      'text.gguf': Buffer.from('this is not a model\n'),
      'empty.gguf': Buffer.alloc(0),
    }
    const before = (await caller.get('/api/admin/models')).items.length
    for (const [name, content] of Object.entries(files)) {
      const file = path.join(folder, name)
      fs.writeFileSync(file, content)
      const done = await run('models', 'import', file, '--data-dir', dataDir, '--json')
      assert.equal(done.code, 1, name)
      const { error } = JSON.parse(done.stderr)
      assert.match(error.code, /^(model_|not_)[a-z_]+$/, `${name}: ${error.code}`)
      assert.ok(error.message.includes(name), `${name}: ${error.message}`)
    }
    assert.equal((await caller.get('/api/admin/models')).items.length, before)
    assert.deepEqual(
      fs.readdirSync(path.join(dataDir, 'models')).filter((name) => name.endsWith('.partial')),
      [],
    )
  })

  test('takes no model that it has already', async () => {
    const done = await run('models', 'import', STARTER_MODEL, '--name', 'mine', '--data-dir', dataDir, '--json')
    // The starter model ships with the node, so its contents are there already.
    assert.equal(done.code, 1)
    assert.equal(JSON.parse(done.stderr).error.code, 'already_imported')
  })

  test('knows no model that nobody imported', async () => {
    await refuses('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: { model: 'gpt-9' } }, 400, 'unknown_model')
  })

  test('refuses bodies that are not what the operation takes', async () => {
    const address = '/api/marketplace/agents/invoice-clerk/hire'
    await refuses('POST', address, { body: '{"persona_name": ' }, 400, 'malformed_json')
    await refuses('POST', address, { body: '{"persona_nam": "Ada"}' }, 400, 'unknown_field')
    await refuses('POST', address, { body: { persona_name: '' } }, 400, 'invalid_name')
    await refuses('POST', address, { body: '{}', headers: { 'content-type': 'text/plain' } }, 415, 'unsupported_media_type')
  })

  test('refuses a body that is too large', async () => {
    const address = '/api/marketplace/agents/invoice-clerk/hire'
    await refuses('POST', address, { body: { persona_name: 'x'.repeat(2_000_000) } }, 413, 'body_too_large')
  })

  test('does not know what is not there', async () => {
    await refuses('GET', '/api/ves/ve_00000000000000000000000000', {}, 404, 'not_found')
    await refuses('GET', '/api/marketplace/agents/no-such-agent', {}, 404, 'not_found')
    await refuses('GET', '/api/ves?cursor=made-up', {}, 400, 'invalid_cursor')
  })

  test('lets nobody set it up a second time', async () => {
    const input = {
      token: 'guessed',
      organisation_name: 'Other',
      admin_name: 'Other',
      admin_email: 'other@example.test',
      admin_password: 'correct horse battery staple',
    }
    await refuses('POST', '/api/setup/check', { body: { token: 'guessed' } }, 409, 'setup_done')
    await refuses('POST', '/api/setup', { body: input }, 409, 'setup_done')
  })

  test('slows down who guesses passwords', async () => {
    const stranger = new Caller(caller.url)
    const guess = { email: 'nobody@example.test', password: 'not this one' }
    const statuses = []
    for (let attempt = 0; attempt < 40 && statuses.at(-1) !== 429; attempt += 1) {
      const { status, headers } = await stranger.json('POST', '/api/session', { body: guess })
      statuses.push(status)
      if (status === 429) assert.ok(Number(headers.get('retry-after')) > 0)
    }
    assert.equal(statuses[0], 401)
    assert.equal(statuses.at(-1), 429)
  })

  async function refuses(method, address, request, status, code) {
    const answer = await caller.json(method, address, request)
    assert.deepEqual([answer.status, answer.body.error.code], [status, code], answer.body.error.message)
    assert.match(answer.body.error.message, /[^.]$/)
  }
})

test('a set-up link that the node did not print opens nothing', async (t) => {
  const place = scope(t)
  const node = await RunningNode.start(place, path.join(temporaryFolder(place), 'data'), '--insecure-http')
  assert.match(node.setupLink, /^http:\/\/localhost:\d+\/setup#token=\S+$/)
  const stranger = new Caller(node.url)
  const { status, body } = await stranger.json('POST', '/api/setup/check', { body: { token: 'guessed' } })
  assert.deepEqual([status, body.error.code], [410, 'setup_link_unknown'])
  const token = node.setupLink.split('token=')[1]
  assert.equal((await stranger.json('POST', '/api/setup/check', { body: { token } })).status, 204)
})
