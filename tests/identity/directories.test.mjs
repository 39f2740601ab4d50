// Two directories on one node: which is asked first, and what becomes of people when one is gone.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { groupDn, personDn, RunningDirectory } from '../harness/directory.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

describe('two directories', () => {
  const place = scope({ after })
  let node, first, second, admin, organisation, ids

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    first = await RunningDirectory.start(place)
    second = await RunningDirectory.start(place)
    // Ana is the same person in both; Ben is somebody else in the second one.
    second.replace(personDn('ben'), 'mail', 'other.ben@example.org')
    second.replace(personDn('ben'), 'userPassword', 'other-password')
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    const { key } = await createApiKey(dataDir, administrator.email)
    admin = new Caller(node.url, key)
    organisation = (await admin.get('/api/session')).organisation.id
    ids = [await enter(first, 'First', 'staff', 'viewer'), await enter(second, 'Second', 'viewer', 'developer')]
  })

  async function enter(directory, name, staff, unique) {
    const group_map = [
      { group: groupDn('staff'), organisation_id: organisation, role: staff },
      { group: groupDn('unique'), organisation_id: organisation, role: unique },
    ]
    const made = await admin.json('POST', '/api/admin/directories', { body: directory.settings({ name, group_map }) })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    return made.body.id
  }

  test('are asked in the order in which they were entered', async () => {
    const { directories } = await new Caller(node.url).get('/api/sign-in')
    assert.deepEqual(
      directories.map((directory) => directory.id),
      ids,
    )
    const ana = await logIn('ana', 'ana-password')
    assert.deepEqual([ana.source, ana.role, ana.person.email], [ids[0], 'staff', 'ana@example.org'])
    const ben = await logIn('ben', 'ben-password')
    assert.deepEqual([ben.source, ben.role, ben.person.email], [ids[0], 'viewer', 'ben@example.org'])
  })

  test('may know different people by one login, told apart by their passwords', async () => {
    const ben = await logIn('ben', 'ben-password')
    const other = await logIn('ben', 'other-password')
    assert.deepEqual([other.source, other.role, other.person.email], [ids[1], 'developer', 'other.ben@example.org'])
    assert.notEqual(other.person.id, ben.person.id)
    assert.equal(await refusal('ben', 'ana-password'), 'wrong_credentials')
  })

  test('let the same person in by the second one while the first is gone', async () => {
    const ana = await logIn('ana', 'ana-password')
    await first.stop()
    const again = await logIn('ana', 'ana-password')
    assert.deepEqual([again.source, again.person.id, again.role], [ids[1], ana.person.id, 'staff'])
    assert.equal((await logIn('ben', 'other-password')).source, ids[1])
    // Whether these are the passwords that the first one knows, nobody can say now.
    for (const password of ['ben-password', 'wrong']) assert.equal(await refusal('ben', password), 'directory_unavailable')
    await logIn('robin@example.test', 'correct horse battery staple')

    await second.stop()
    assert.equal(await refusal('ana', 'ana-password'), 'directory_unavailable')
    await logIn('robin@example.test', 'correct horse battery staple')

    await first.listen()
    assert.equal((await logIn('ana', 'ana-password')).source, ids[0])
    await second.listen()
  })

  test('whose first server is gone are asked at their next', async () => {
    const replicas = { urls: [first.url, second.url], ca_pem: `${first.ca_pem}\n${second.ca_pem}` }
    const { bind_password } = second.settings()
    const changed = await admin.json('PATCH', `/api/admin/directories/${ids[1]}`, { body: { ...replicas, bind_password } })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    await first.stop()
    assert.equal((await logIn('ben', 'other-password')).person.email, 'other.ben@example.org')
    await first.listen()
  })

  test('give and take each for itself', async () => {
    assert.equal((await logIn('ana', 'ana-password')).role, 'staff')
    assert.equal((await admin.send('DELETE', `/api/admin/directories/${ids[0]}`)).status, 204)
    await first.stop()
    const ana = await logIn('ana', 'ana-password')
    assert.deepEqual([ana.source, ana.role], [ids[1], 'viewer'])
  })

  const tryLogIn = (email, password) => new Caller(node.url).json('POST', '/api/session', { body: { email, password } })

  async function logIn(email, password) {
    const { status, body } = await tryLogIn(email, password)
    assert.equal(status, 201, `${email}: ${JSON.stringify(body)}`)
    return body
  }

  async function refusal(email, password) {
    const { status, body } = await tryLogIn(email, password)
    assert.notEqual(status, 201, email)
    return body.error.code
  }
})
