// Signing in through a real SAML identity provider (pysaml2 with xmlsec1): what works, what is refused and what people and
// administrators are told, and signing out both ways.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { startProvider } from '../harness/saml_provider.mjs'
import { formOf, Visitor } from '../harness/visitor.mjs'

const PROVIDERS = '/api/admin/identity-providers'
const SESSION = '__Host-guildhall'
const FLOW = '__Host-guildhall-login'
const ANA = { mail: ['ana@example.test'], displayName: ['Ana Lind'], eduPersonAffiliation: ['staff'] }

describe('signing in through a SAML identity provider', () => {
  const place = scope({ after })
  let node, idp, admin, provider, organisation

  /** Calls the node's interface as its administrator. */
  const api = async (method, address, body) => {
    const answer = await new Visitor().request(method, node.url + address, { body, headers: { authorization: `Bearer ${admin}` } })
    return { status: answer.status, body: answer.text === '' ? null : JSON.parse(answer.text) }
  }
  const change = async (input) => assert.equal((await api('PATCH', `${PROVIDERS}/${provider.id}`, input)).status, 200)
  const newestFailure = async () => (await api('GET', `${PROVIDERS}/${provider.id}`)).body.recent_failures[0]
  const introduce = async () => {
    const metadata = await new Visitor().get(provider.saml.metadata_url)
    assert.equal(metadata.status, 200)
    await idp.control({ service_provider: metadata.text })
    return metadata.text
  }
  const loginAt = (query = '') => `${node.url}/saml/${provider.id}/login${query}`

  /** Goes to the provider and comes back with the form that it has the browser post. */
  const fetchForm = async (visitor, address = loginAt()) => {
    const away = await visitor.get(address)
    assert.equal(away.status, 303, away.text)
    assert.ok(away.location.startsWith(`${idp.url}/sso?`), away.location)
    return formOf((await visitor.get(away.location)).text)
  }
  const signIn = async (visitor, address) => {
    const form = await fetchForm(visitor, address)
    return visitor.post(form.action, form.fields)
  }
  const whoIs = (visitor) => visitor.get(`${node.url}/api/session`)

  const welcome = (visitor, answer, page = '/') => {
    assert.equal(answer.location, node.url + page)
    assert.equal(answer.status, 303)
    assert.deepEqual(
      visitor
        .cookie(node.url, SESSION)
        .attributes.filter((text) => /^(secure|httponly|samesite)/.test(text))
        .sort(),
      ['httponly', 'samesite=strict', 'secure'],
    )
  }
  /** Refused: the person learns nothing but a reference, the administrator the reason under that reference. */
  const refused = async (visitor, answer, code) => {
    const page = new URL(answer.location)
    assert.equal(page.pathname, '/signin', answer.location)
    assert.equal(page.searchParams.get('error'), 'sign_in_failed')
    assert.equal(visitor.cookie(node.url, SESSION), undefined)
    const failure = await newestFailure()
    assert.equal(failure.code, code, failure.reason)
    assert.equal(failure.request_id, page.searchParams.get('reference'))
  }

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    admin = (await createApiKey(dataDir, administrator.email)).key
    idp = await startProvider(place)
    node = await RunningNode.start(place, dataDir)
    organisation = (await api('GET', '/api/session')).body.organisation.id
    const read = await api('POST', `${PROVIDERS}/saml/parse-metadata`, { xml: await idp.metadata() })
    assert.equal(read.status, 200, JSON.stringify(read.body))
    const { idp_entity_id, sso_url, slo_url, certificates } = read.body
    const made = await api('POST', PROVIDERS, {
      kind: 'saml',
      name: 'Staff login',
      saml: { idp_entity_id, sso_url, slo_url, certificates: certificates.map(({ pem }) => ({ pem })) },
      attributes: { email: 'mail', display_name: 'displayName', groups: 'eduPersonAffiliation' },
      group_map: [{ group: 'staff', organisation_id: organisation, role: 'staff' }],
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    provider = made.body
    await introduce()
  })

  test('the sign-in page offers the provider', async () => {
    const ways = JSON.parse((await new Visitor().get(`${node.url}/api/sign-in`)).text)
    assert.deepEqual(
      ways.providers.map(({ kind, name, login_path }) => ({ kind, name, login_path })),
      [{ kind: 'saml', name: 'Staff login', login_path: `/saml/${provider.id}/login` }],
    )
  })

  test('a person comes in, with the role of their group, at the page they wanted', async () => {
    const visitor = new Visitor()
    welcome(visitor, await signIn(visitor, loginAt('?next=%2Fteam')), '/team')
    const flow = visitor.cookie(node.url, FLOW)
    for (const attribute of ['samesite=none', 'secure', 'httponly', 'path=/']) assert.ok(flow.attributes.includes(attribute), attribute)
    const session = JSON.parse((await whoIs(visitor)).text)
    assert.equal(session.person.email, 'ana@example.test')
    assert.equal(session.person.display_name, 'Ana Lind')
    assert.equal(session.role, 'staff')
  })

  test('nobody is sent to another site', async () => {
    const visitor = new Visitor()
    welcome(visitor, await signIn(visitor, loginAt('?next=%2F%2Fevil.example')))
  })

  for (const variant of ['signed_response', 'encrypted', 'encrypted_response']) {
    test(`a response of kind ${variant} is taken`, async () => {
      await idp.control({ variant })
      const visitor = new Visitor()
      welcome(visitor, await signIn(visitor))
      await idp.control({ variant: 'normal' })
    })
  }

  for (const [variant, code] of [
    ['unsigned', 'saml_unsigned'],
    ['sha1', 'saml_weak_algorithm'],
    ['other_key', 'saml_signature_wrong'],
    ['wrong_audience', 'saml_wrong_audience'],
  ]) {
    test(`a response of kind ${variant} is refused`, async () => {
      await idp.control({ variant })
      const visitor = new Visitor()
      const answer = await signIn(visitor)
      await idp.control({ variant: 'normal' })
      await refused(visitor, answer, code)
    })
  }

  test('a response is taken once, and only in the browser that asked', async () => {
    const visitor = new Visitor()
    const form = await fetchForm(visitor)
    const thief = new Visitor()
    await refused(thief, await thief.post(form.action, form.fields), 'saml_unsolicited')
    welcome(visitor, await visitor.post(form.action, form.fields))
    const again = new Visitor()
    again.cookies = new Map([[new URL(node.url).host, new Map([[FLOW, visitor.cookie(node.url, FLOW)]])]])
    await refused(again, await again.post(form.action, form.fields), 'saml_unsolicited')
  })

  test('logins that begin at the provider are refused, unless allowed, and then taken once', async () => {
    const unsolicited = async () => {
      const { action, ...fields } = await idp.control({ unsolicited: true })
      return { action, fields: new URLSearchParams(fields) }
    }
    const form = await unsolicited()
    const early = new Visitor()
    await refused(early, await early.post(form.action, form.fields), 'saml_unsolicited')
    const { idp_entity_id, sso_url, slo_url, certificates } = provider.saml
    const saml = { idp_entity_id, sso_url, slo_url, certificates: certificates.map(({ pem }) => ({ pem })) }
    await change({ saml: { ...saml, allow_idp_initiated: true } })
    const visitor = new Visitor()
    welcome(visitor, await visitor.post(form.action, form.fields))
    const thief = new Visitor()
    await refused(thief, await thief.post(form.action, form.fields), 'saml_replayed')
    await change({ saml })
  })

  test('somebody in no group that counts is told so, and loses what they had', async () => {
    await idp.control({ attributes: { ...ANA, eduPersonAffiliation: ['guests'] } })
    const visitor = new Visitor()
    const page = new URL((await signIn(visitor)).location)
    assert.equal(page.searchParams.get('error'), 'no_grant')
    const people = (await api('GET', '/api/admin/people')).body.items.map(({ email }) => email)
    assert.ok(!people.includes('ana@example.test'), people.join(', '))
    await idp.control({ attributes: ANA })
    welcome(visitor, await signIn(visitor))
  })

  test('an administrator with a password is not taken over', async () => {
    await idp.control({ name: 'mallory-1', attributes: { mail: ['robin@example.test'], eduPersonAffiliation: ['staff'] } })
    const visitor = new Visitor()
    const page = new URL((await signIn(visitor)).location)
    await idp.control({ name: 'ana-7f3a', attributes: ANA })
    assert.equal(page.searchParams.get('error'), 'account_exists')
    assert.equal(visitor.cookie(node.url, SESSION), undefined)
  })

  test('a test login shows what would happen and signs nobody in', async () => {
    await change({ enabled: false })
    const off = new URL((await new Visitor().get(loginAt())).location)
    assert.equal(off.pathname, '/signin')
    const { body: begun } = await api('POST', `${PROVIDERS}/${provider.id}/test`)
    const result = async () => (await api('GET', `${PROVIDERS}/${provider.id}/tests/${begun.test}`)).body
    assert.equal((await result()).state, 'waiting')
    const visitor = new Visitor()
    const done = await signIn(visitor, node.url + begun.login_path)
    assert.deepEqual([done.status, done.location], [303, `${node.url}/login-tested`])
    assert.equal(visitor.cookie(node.url, SESSION), undefined)
    const { state, steps, attributes, would_grant } = await result()
    assert.equal(state, 'done')
    assert.deepEqual([...new Set(steps.map((step) => step.state))], ['ok'], JSON.stringify(steps))
    assert.deepEqual(attributes.mail, ['ana@example.test'])
    assert.deepEqual(would_grant, [{ organisation, role: 'staff' }])
    await change({ enabled: true })
  })

  test('a failed test login says why', async () => {
    await idp.control({ variant: 'unsigned' })
    const { body: begun } = await api('POST', `${PROVIDERS}/${provider.id}/test`)
    await signIn(new Visitor(), node.url + begun.login_path)
    await idp.control({ variant: 'normal' })
    const { steps } = (await api('GET', `${PROVIDERS}/${provider.id}/tests/${begun.test}`)).body
    assert.equal(steps.at(-1).state, 'failed')
    assert.match(steps.at(-1).detail, /signed/)
  })

  test('signing out here signs out at the provider', async () => {
    const visitor = new Visitor()
    welcome(visitor, await signIn(visitor))
    const away = await visitor.get(`${node.url}/saml/${provider.id}/logout`)
    assert.ok(away.location.startsWith(`${idp.url}/slo?SAMLRequest=`), away.location)
    assert.equal(visitor.cookie(node.url, SESSION), undefined)
    const { name, location } = JSON.parse((await visitor.get(away.location)).text)
    assert.equal(name, 'ana-7f3a')
    assert.equal((await visitor.get(location)).location, `${node.url}/signin`)
    assert.equal((await whoIs(visitor)).status, 401)
  })

  test('signing out at the provider ends the session here', async () => {
    const visitor = new Visitor()
    welcome(visitor, await signIn(visitor))
    await idp.control({ variant: 'unsigned' })
    const forged = await idp.control({ logout: true })
    await new Visitor().get(forged.location)
    assert.equal((await newestFailure()).code, 'saml_unsigned')
    assert.equal((await whoIs(visitor)).status, 200)
    await idp.control({ variant: 'normal' })
    const { location } = await idp.control({ logout: true })
    const back = await new Visitor().get(location)
    assert.ok(back.location.startsWith(`${idp.url}/slo?SAMLResponse=`), back.location)
    const { status, relay_state } = JSON.parse((await new Visitor().get(back.location)).text)
    assert.match(status, /:Success$/)
    assert.equal(relay_state, 'bye')
    assert.equal((await whoIs(visitor)).status, 401)
  })

  test("the provider's key changes without anybody noticing, once its next certificate is entered", async () => {
    const { present, next } = await idp.control({ certificates: true })
    const { idp_entity_id, sso_url, slo_url } = provider.saml
    const enter = (...certificates) =>
      change({ saml: { idp_entity_id, sso_url, slo_url, certificates: certificates.map((pem) => ({ pem })) } })
    const taken = async (variant) => {
      await idp.control({ variant })
      const visitor = new Visitor()
      welcome(visitor, await signIn(visitor))
    }
    const wrong = async (variant) => {
      await idp.control({ variant })
      const visitor = new Visitor()
      await refused(visitor, await signIn(visitor), 'saml_signature_wrong')
    }
    await wrong('other_key')
    await enter(present, next)
    await taken('normal')
    await taken('other_key')
    await enter(next)
    await taken('other_key')
    await wrong('normal')
    await enter(present)
    await taken('normal')
  })

  test('keys change without anybody noticing', async () => {
    const certificates = (text) => text.match(/<ds:X509Certificate>/g).length
    assert.equal(certificates(await introduce()), 2)
    assert.equal((await api('POST', `${PROVIDERS}/${provider.id}/rotate-key`)).status, 200)
    assert.equal((await api('POST', `${PROVIDERS}/${provider.id}/rotate-key`)).body.error.code, 'key_waiting')
    assert.equal(certificates(await introduce()), 4)
    const between = new Visitor()
    welcome(between, await signIn(between))
    const { body } = await api('POST', `${PROVIDERS}/${provider.id}/activate-key`)
    assert.equal(body.saml.sp_certificates.length, 1)
    assert.notEqual(body.saml.sp_certificates[0].fingerprint, provider.saml.sp_certificates[0].fingerprint)
    await idp.control({ variant: 'encrypted' })
    const later = new Visitor()
    await introduce()
    welcome(later, await signIn(later))
    await idp.control({ variant: 'normal' })
  })

  test('without the provider, what it gave is gone', async () => {
    assert.equal((await api('DELETE', `${PROVIDERS}/${provider.id}`)).status, 204)
    const people = (await api('GET', '/api/admin/people')).body.items.map(({ email }) => email)
    assert.deepEqual(people, ['robin@example.test'])
    assert.equal((await new Visitor().get(provider.saml.metadata_url)).status, 404)
  })
})
