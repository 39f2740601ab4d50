// People of a real OpenID provider log in to a real node.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { Browser, RunningProvider } from '../harness/openid.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

describe('an OpenID provider', () => {
  const place = scope({ after })
  let node, provider, admin, organisation, id

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    provider = await RunningProvider.start(place)
    // Without this setting a provider must speak TLS.
    process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS = 'true'
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    delete process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS
    const { key } = await createApiKey(dataDir, administrator.email)
    admin = new Caller(node.url, key)
    organisation = (await admin.get('/api/session')).organisation.id
    const made = await admin.json('POST', '/api/admin/identity-providers', {
      body: {
        kind: 'oidc',
        name: 'Staff login',
        oidc: { issuer: provider.issuer, client_id: 'guildhall', client_secret: 'a secret', scopes: ['openid', 'profile', 'email'] },
        group_map: [{ group: 'clerks', organisation_id: organisation, role: 'staff' }],
      },
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    id = made.body.id
    assert.equal(made.body.oidc.has_client_secret, true)
    assert.ok(!JSON.stringify(made.body).includes('a secret'))
  })

  const browser = () => new Browser(admin.url)
  const begin = (who, query = '?next=/team') => who.open(`/oidc/${id}/login${query}`)
  /** Where the provider sends the browser, as the browser reaches the node here. */
  const back = (location) => {
    const address = new URL(location)
    return address.pathname + address.search
  }
  const logIn = async (who, subject, query) => {
    const begun = await begin(who, query)
    assert.equal(begun.status, 303, begun.text)
    return who.open(back(await provider.decide(begun.location, { sub: subject })))
  }
  const failures = async () => (await admin.get(`/api/admin/identity-providers/${id}`)).recent_failures
  const refusedWith = async (answer, word, code) => {
    assert.equal(answer.status, 303, answer.text)
    const page = new URL(answer.location, admin.url)
    assert.deepEqual([page.pathname, page.searchParams.get('error')], ['/signin', word])
    const [newest] = await failures()
    assert.deepEqual([newest.code, newest.request_id], [code, page.searchParams.get('reference')], newest.reason)
  }

  test('stands on the sign-in page', async () => {
    const { providers } = await new Caller(node.url).get('/api/sign-in')
    const paths = { login_path: `/oidc/${id}/login`, logout_path: `/oidc/${id}/logout` }
    assert.deepEqual(providers, [{ id, kind: 'oidc', name: 'Staff login', ...paths }])
  })

  test('lets a person of a group in, with the role of the group', async () => {
    await provider.setPerson('ana', { email: 'ana@example.test', email_verified: true, name: 'Ana Clerk', groups: ['clerks', 'all'] })
    const ana = browser()
    const begun = await begin(ana)
    const request = new URL(begun.location)
    assert.equal(request.searchParams.get('redirect_uri'), `${node.url}/oidc/${id}/callback`)
    assert.equal(request.searchParams.get('code_challenge_method'), 'S256')
    assert.ok(request.searchParams.get('nonce').length >= 43)
    assert.match(begun.set[0], /HttpOnly; SameSite=Lax/)
    const arrived = await ana.open(back(await provider.decide(begun.location, { sub: 'ana' })))
    assert.deepEqual([arrived.status, arrived.location], [303, '/team'], arrived.text)
    const session = await ana.session()
    assert.deepEqual([session.person.email, session.person.display_name, session.role], ['ana@example.test', 'Ana Clerk', 'staff'])

    // The same person comes back as the same person, and what changed at the provider has changed here.
    await provider.setPerson('ana', { email: 'ana@example.test', name: 'Ana Head', groups: ['clerks'] })
    const again = browser()
    await logIn(again, 'ana')
    const second = await again.session()
    assert.deepEqual([second.person.id, second.person.display_name], [session.person.id, 'Ana Head'])
  })

  test('never sends anybody to another site', async () => {
    for (const next of ['//evil.example', 'https://evil.example', '/\\evil.example']) {
      const arrived = await logIn(browser(), 'ana', `?next=${encodeURIComponent(next)}`)
      assert.equal(arrived.location, '/', next)
    }
  })

  test('lets nobody in who is in no group', async () => {
    await provider.setPerson('olaf', { email: 'olaf@example.test', name: 'Olaf' })
    const olaf = browser()
    await refusedWith(await logIn(olaf, 'olaf'), 'no_grant', 'no_grant')
    assert.equal(await olaf.session(), null)
    const people = await admin.get('/api/admin/people')
    assert.ok(!people.items.some((person) => person.email === 'olaf@example.test'))
  })

  test('does not take an administrator over, nor an address that is not verified', async () => {
    await provider.setPerson('mallory', { email: 'robin@example.test', groups: ['clerks'] })
    await refusedWith(await logIn(browser(), 'mallory'), 'account_exists', 'account_exists')
    await provider.setPerson('mallory', { email: 'ana@example.test', email_verified: false, groups: ['clerks'] })
    await refusedWith(await logIn(browser(), 'mallory'), 'sign_in_failed', 'email_unverified')
  })

  test('takes an answer once, from the browser that asked, within its time', async () => {
    const ana = browser()
    const begun = await begin(ana)
    const answer = back(await provider.decide(begun.location, { sub: 'ana' }))
    const thief = browser()
    await refusedWith(await thief.open(answer), 'sign_in_failed', 'login_expired')
    await begin(thief)
    await refusedWith(await thief.open(answer), 'sign_in_failed', 'login_expired')
    assert.equal((await ana.open(answer)).location, '/team')
    await refusedWith(await ana.open(answer), 'sign_in_failed', 'login_expired')
    await refusedWith(await ana.open(`/oidc/${id}/callback`), 'sign_in_failed', 'login_expired')
  })

  test('takes no code that was made for another login', async () => {
    const [ana, mallory] = [browser(), browser()]
    const [hers, his] = [await begin(ana), await begin(mallory)]
    const stolen = new URL(await provider.decide(his.location, { sub: 'ana' })).searchParams.get('code')
    const injected = new URL(back(await provider.decide(hers.location, { sub: 'ana' })), admin.url)
    injected.searchParams.set('code', stolen)
    // The provider under test checks no challenge, so that the nonce has to do it alone.
    await refusedWith(await ana.open(injected.pathname + injected.search), 'sign_in_failed', 'nonce_wrong')
  })

  test('tells the administrator, and not the person, what went wrong', async () => {
    const ana = browser()
    const begun = await begin(ana)
    // This provider forgets to give the state back, so that nobody can tell which login was refused.
    const denied = await provider.decide(begun.location, { action: 'deny' })
    await refusedWith(await ana.open(back(denied)), 'sign_in_failed', 'login_expired')
    const { state } = Object.fromEntries(new URL((await begin(ana)).location).searchParams)
    const refused = await ana.open(`/oidc/${id}/callback?state=${state}&error=access_denied&error_description=not+today`)
    await refusedWith(refused, 'sign_in_failed', 'provider_refused')
    assert.match((await failures())[0].reason, /access_denied: not today/)
  })

  test('is tried out step by step, and nobody is logged in by it', async () => {
    const { body: begun } = await admin.json('POST', `/api/admin/identity-providers/${id}/test`)
    const result = () => admin.get(`/api/admin/identity-providers/${id}/tests/${begun.test}`)
    assert.equal((await result()).state, 'waiting')
    const ana = browser()
    const at_provider = await ana.open(begun.login_path)
    const done = await ana.open(back(await provider.decide(at_provider.location, { sub: 'ana' })))
    assert.deepEqual([done.status, done.location], [303, '/login-tested'], done.text)
    assert.equal(await ana.session(), null)
    const told = await result()
    assert.equal(told.state, 'done')
    assert.ok(
      told.steps.every((step) => step.state === 'ok'),
      JSON.stringify(told.steps, null, 2),
    )
    assert.deepEqual(told.attributes.groups, ['clerks'])
    assert.deepEqual(told.would_grant, [{ organisation, role: 'staff' }])
  })

  test('leads out again, too', async () => {
    const ana = browser()
    await logIn(ana, 'ana')
    assert.equal((await ana.session()).source, id)
    const kept = new Map(ana.cookies)
    const left = await ana.open(`/oidc/${id}/logout`)
    assert.ok(kept.size > ana.cookies.size, 'the browser forgets the session')
    // Not only the browser has forgotten the session.
    ana.cookies = kept
    assert.equal(await ana.session(), null)
    const address = new URL(left.location)
    assert.equal(address.origin + address.pathname, `${provider.issuer}/oauth2/end_session`)
    assert.equal(address.searchParams.get('post_logout_redirect_uri'), `${node.url}/signin`)
  })

  test('that is switched off, gone or somebody else lets nobody in', async () => {
    const change = (body) => admin.json('PATCH', `/api/admin/identity-providers/${id}`, { body })
    assert.equal((await change({ enabled: false })).status, 200)
    await refusedWith(await begin(browser()), 'sign_in_failed', 'not_found')
    assert.deepEqual((await new Caller(node.url).get('/api/sign-in')).providers, [])
    assert.equal((await change({ enabled: true })).status, 200)
    // Another issuer needs the secret anew.
    const oidc = { issuer: `${provider.issuer}/other`, client_id: 'guildhall' }
    const moved = await change({ oidc })
    assert.equal(moved.body.error.code, 'credentials_needed')
    assert.equal((await change({ oidc: { ...oidc, client_secret: 'x' } })).status, 200)
    await refusedWith(await begin(browser()), 'sign_in_failed', 'discovery_failed')
    await provider.stop()
    assert.equal((await change({ oidc: { ...oidc, issuer: provider.issuer, client_secret: 'x' } })).status, 200)
    await refusedWith(await begin(browser()), 'sign_in_failed', 'egress_unreachable')
  })
})
