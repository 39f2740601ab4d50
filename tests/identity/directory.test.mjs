// People of a real directory log in to a real node, and lose what the directory takes from them.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { groupDn, personDn, READER, RunningDirectory } from '../harness/directory.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

const WAIT_MAX_MS = 20_000

describe('a directory', () => {
  const place = scope({ after })
  let node, directory, admin, organisation, id

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    directory = await RunningDirectory.start(place)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    const { key } = await createApiKey(dataDir, administrator.email)
    admin = new Caller(node.url, key)
    organisation = (await admin.get('/api/session')).organisation.id
  })

  test('is refused as long as its settings cannot work', async () => {
    const code = async (more) => {
      const { status, body } = await admin.json('POST', '/api/admin/directories', { body: directory.settings(more) })
      assert.equal(status, 400, JSON.stringify(body))
      return body.error.code
    }
    assert.equal(await code({ security: 'plain', urls: [directory.plainUrl] }), 'plain_refused')
    assert.equal(await code({ urls: ['https://ldap.example.org'] }), 'invalid_url')
    assert.equal(await code({ user_filter: '(uid=' }), 'invalid_filter')
    assert.equal(await code({ base_dn: 'example.org' }), 'invalid_dn')
    assert.equal(await code({ ca_pem: 'nonsense' }), 'invalid_ca')
    assert.equal(await code({ bind_password: '' }), 'invalid_bind')
    assert.equal(await code({ group_map: [{ group: 'staff', organisation_id: organisation, role: 'owner' }] }), 'invalid_field')
    assert.deepEqual((await admin.get('/api/admin/directories')).items, [])
  })

  test('is tried out step by step before it is kept', async () => {
    const tried = async (more) => {
      const { status, body } = await admin.json('POST', '/api/admin/directories/test', { body: directory.settings(more) })
      assert.equal(status, 200, JSON.stringify(body))
      return body
    }
    const good = await tried({ login: 'ana', password: 'ana-password' })
    assert.equal(good.ok, true, JSON.stringify(good, null, 2))
    const names = good.steps.map((step) => step.name)
    assert.deepEqual(names.slice(0, 4), ['connect', 'tls', 'bind', 'base_dn'])
    const untrusted = await tried({ ca_pem: null })
    const failed = untrusted.steps.find((step) => step.state === 'failed')
    assert.equal(failed.name, 'tls')
    assert.match(failed.detail, /authority under test/)
    assert.match(failed.hint, /PEM/)
    const wrong = await tried({ bind_password: 'wrong' })
    assert.equal(wrong.steps.find((step) => step.state === 'failed').name, 'bind')
  })

  test('that demands encryption is told so', async (context) => {
    const strict = await RunningDirectory.start(scope(context), { demandTls: true })
    const plain = strict.settings({ security: 'plain', allow_plain: true, urls: [strict.plainUrl] })
    const { body } = await admin.json('POST', '/api/admin/directories/test', { body: plain })
    const bind = body.steps.find((step) => step.name === 'bind')
    assert.equal(bind.state, 'failed')
    assert.match(bind.detail, /demands an encrypted connection \(confidentialityRequired\)/)
    assert.match(bind.hint, /StartTLS/)
    const startTls = strict.settings({ security: 'start_tls', urls: [strict.plainUrl] })
    const better = await admin.json('POST', '/api/admin/directories/test', { body: startTls })
    assert.equal(better.body.ok, true, JSON.stringify(better.body))
  })

  test('is kept without its password ever coming back', async () => {
    const group_map = [
      { group: groupDn('staff'), organisation_id: organisation, role: 'staff' },
      { group: 'unique', organisation_id: organisation, role: 'viewer' },
    ]
    const made = await admin.json('POST', '/api/admin/directories', { body: directory.settings({ group_map }) })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    id = made.body.id
    assert.equal(made.body.has_bind_password, true)
    assert.ok(!JSON.stringify(await admin.get('/api/admin/directories')).includes(READER.password))
    const options = await new Caller(node.url).get('/api/sign-in')
    assert.deepEqual(options.directories, [{ id, name: 'Example directory' }])
    const again = await admin.json('POST', '/api/admin/directories', { body: directory.settings() })
    assert.equal(again.body.error.code, 'name_taken')
  })

  test('keeps its password from servers it was not entered for', async () => {
    const change = { urls: ['ldaps://127.0.0.1:1'] }
    const refused = await admin.json('PATCH', `/api/admin/directories/${id}`, { body: change })
    assert.equal(refused.body.error.code, 'password_needed')
    const tried = await admin.json('POST', '/api/admin/directories/test', { body: { id, ...change } })
    assert.equal(tried.body.error.code, 'password_needed')
    const kept = await admin.json('POST', '/api/admin/directories/test', { body: { id, login: 'ana', password: 'ana-password' } })
    assert.equal(kept.body.ok, true, JSON.stringify(kept.body))
  })

  test('says in a dry run what would become of everybody', async () => {
    const { status, body } = await admin.json('POST', `/api/admin/directories/${id}/dry-run`, { body: {} })
    assert.equal(status, 200, JSON.stringify(body))
    const change = (login) => body.people.find((person) => person.login === login).change
    assert.deepEqual(['ana', 'ben', 'fay', 'emil', 'gil'].map(change), ['create', 'create', 'none', 'none', 'none'])
    const ana = body.people.find((person) => person.login === 'ana')
    assert.deepEqual(ana.grants, [{ organisation: 'Linden & Vale', role: 'staff' }])
    assert.equal(body.truncated, false)
    assert.equal((await admin.get('/api/admin/people')).items.length, 1)
  })

  test('lets its people in with the role of their group, and nobody else', async () => {
    const ana = await logIn('ana', 'ana-password')
    assert.equal(ana.session.role, 'staff')
    assert.equal(ana.session.person.email, 'ana@example.org')
    assert.equal((await logIn('Ana@Example.org', 'ana-password')).session.person.id, ana.session.person.id)
    assert.equal((await logIn('ben', 'ben-password')).session.role, 'viewer')
    const refusals = [
      ['ana', 'ben-password'],
      ['nobody', 'ana-password'],
      ['*', 'ana-password'],
      ['*)(uid=*', 'ana-password'],
      ['fay', 'fay-password'],
      ['twin@example.org', 'gil-password'],
    ]
    for (const [login, password] of refusals) assert.equal(await refusal(login, password), 'wrong_credentials', login)
    assert.notEqual((await tryLogIn('ana', '')).status, 201)
    assert.equal(await refusal('gil', 'gil-password'), 'no_grant')
    assert.equal(await refusal('emil', 'emil-password'), 'account_disabled')
    const local = await logIn('robin@example.test', 'correct horse battery staple')
    assert.equal(local.session.role, 'admin')
  })

  test('takes access away at the next refresh', async () => {
    const ana = await logIn('ana', 'ana-password')
    const ben = await logIn('ben', 'ben-password')
    directory.replace(groupDn('unique'), 'uniqueMember', personDn('gus'))
    directory.change(
      `dn: ${personDn('ana')}\nchangetype: modify\nadd: objectClass\nobjectClass: shadowAccount\n-\nadd: shadowExpire\nshadowExpire: 1\n`,
    )
    assert.equal(await status(ana), 200)
    assert.equal((await refresh()).state, 'ok')
    assert.equal(await status(ana), 401)
    assert.equal(await status(ben), 401)
    assert.equal(await refusal('ana', 'ana-password'), 'account_disabled')
    assert.equal(await refusal('ben', 'ben-password'), 'no_grant')
    directory.replace(personDn('ana'), 'shadowExpire')
    directory.replace(groupDn('unique'), 'uniqueMember', personDn('ben'))
    assert.equal((await logIn('ana', 'ana-password')).session.role, 'staff')
  })

  test('changes a role at the next refresh', async () => {
    const ben = await logIn('ben', 'ben-password')
    const map = [
      { group: 'unique', organisation_id: organisation, role: 'developer' },
      { group: 'staff', organisation_id: organisation, role: 'staff' },
    ]
    const changed = await admin.json('PATCH', `/api/admin/directories/${id}`, { body: { group_map: map } })
    assert.equal(changed.status, 200, JSON.stringify(changed.body))
    await refresh()
    assert.equal((await ben.caller.get('/api/session')).role, 'developer')
  })

  test('shows of whom it says what is not taken over, and why', async () => {
    const { session } = await logIn('ana', 'ana-password')
    const refused = async () => (await admin.get(`/api/admin/directories/${id}/refusals`)).items
    assert.deepEqual(await refused(), [])
    // Who administers the node is nobody's to rename.
    const platform = `/api/admin/people/${session.person.id}/platform-administrator`
    assert.equal((await admin.send('PUT', platform)).status, 204)
    directory.replace(personDn('ana'), 'mail', 'ana.other@example.org')
    const last = await refresh()
    assert.deepEqual([last.state, last.message], ['ok', '1 could not be taken over, see the list'])
    const [refusal, ...others] = await refused()
    assert.deepEqual(others, [])
    assert.deepEqual([refusal.email, refusal.code], ['ana.other@example.org', 'name_kept'])
    assert.match(refusal.reason, /administers the node/)
    assert.equal((await admin.send('DELETE', platform)).status, 204)
    assert.equal((await refresh()).message, null)
    assert.deepEqual(await refused(), [])
    directory.replace(personDn('ana'), 'mail', 'ana@example.org')
  })

  test('that answers with nobody, or not at all, changes nothing', async () => {
    const ana = await logIn('ana', 'ana-password')
    await admin.json('PATCH', `/api/admin/directories/${id}`, { body: { user_filter: '(objectClass=computer)' } })
    const nobody = await refresh()
    assert.equal(nobody.state, 'doubtful')
    assert.match(nobody.message, /nothing was changed/)
    assert.equal(await status(ana), 200)
    await admin.json('PATCH', `/api/admin/directories/${id}`, { body: { user_filter: '(objectClass=inetOrgPerson)' } })
    await directory.stop()
    assert.equal((await refresh()).state, 'failed')
    assert.equal(await status(ana), 200)
    const unavailable = await tryLogIn('ben', 'ben-password')
    assert.deepEqual([unavailable.status, unavailable.body.error.code], [503, 'directory_unavailable'])
    assert.doesNotMatch(unavailable.body.error.message, /127\.0\.0\.1|ldap/)
    await logIn('robin@example.test', 'correct horse battery staple')
    await directory.listen()
    assert.equal((await refresh()).state, 'ok')
    assert.equal(await status(ana), 200)
  })

  test('is asked while the node is air-gapped, and every connection is written down', async () => {
    const egress = await admin.get('/api/admin/egress')
    assert.equal(egress.mode, 'air_gapped')
    const calls = egress.recent.filter((call) => call.host === `127.0.0.1:${directory.tlsPort}`)
    assert.ok(calls.length > 3 && calls.some((call) => call.bytes_in > 0), JSON.stringify(egress.recent))
    const outside = directory.settings({ urls: ['ldaps://8.8.8.8'] })
    const { body } = await admin.json('POST', '/api/admin/directories/test', { body: outside })
    assert.equal(body.steps[0].state, 'failed')
    assert.match(body.steps[0].detail, /outside the local network/)
  })

  test('that is switched off or removed lets nobody in any more', async () => {
    const ana = await logIn('ana', 'ana-password')
    await admin.json('PATCH', `/api/admin/directories/${id}`, { body: { enabled: false } })
    assert.equal(await refusal('ana', 'ana-password'), 'wrong_credentials')
    assert.equal(await status(ana), 200)
    const removed = await admin.send('DELETE', `/api/admin/directories/${id}`)
    assert.equal(removed.status, 204)
    assert.equal(await status(ana), 401)
    assert.deepEqual((await admin.get('/api/admin/directories')).items, [])
  })

  const tryLogIn = (email, password) => new Caller(node.url).json('POST', '/api/session', { body: { email, password } })

  async function logIn(email, password) {
    const { status, body, headers } = await tryLogIn(email, password)
    assert.equal(status, 201, `${email}: ${JSON.stringify(body)}`)
    const caller = new Caller(node.url)
    caller.headers.cookie = headers
      .getSetCookie()
      .map((cookie) => cookie.split(';')[0])
      .join('; ')
    return { session: body, caller }
  }

  async function refusal(email, password) {
    const { status, body } = await tryLogIn(email, password)
    assert.notEqual(status, 201, email)
    return body.error.code
  }

  const status = async ({ caller }) => (await caller.json('GET', '/api/session')).status

  /** Refreshes and waits until that is done. */
  async function refresh() {
    const begun = await admin.json('POST', `/api/admin/directories/${id}/refresh`)
    assert.equal(begun.status, 202, JSON.stringify(begun.body))
    const late = Date.now() + WAIT_MAX_MS
    for (;;) {
      const { last_refresh: last } = await admin.get(`/api/admin/directories/${id}`)
      if (last.state !== 'running') return last
      assert.ok(Date.now() < late, 'the refresh does not end')
      await new Promise((resolve) => setTimeout(resolve, 50))
    }
  }
})
