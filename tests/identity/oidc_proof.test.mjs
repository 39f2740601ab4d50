// A login at an OpenID provider proves that who fetches the tokens is who asked for the code (PKCE).
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { Browser, RunningProvider } from '../harness/openid.mjs'
import { CheckingProvider, challengeOf } from '../harness/openid_proof.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'

describe('a login at an OpenID provider that demands proof', () => {
  const place = scope({ after })
  let node, provider, admin, id

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const behind = await RunningProvider.start(place)
    await behind.setPerson('ana', { email: 'ana@example.test', email_verified: true, groups: ['clerks'] })
    provider = await CheckingProvider.start(place, behind)
    // Without this setting a provider must speak TLS.
    process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS = 'true'
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    delete process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS
    const { key } = await createApiKey(dataDir, administrator.email)
    admin = new Caller(node.url, key)
    const organisation = (await admin.get('/api/session')).organisation.id
    const made = await admin.json('POST', '/api/admin/identity-providers', {
      body: {
        kind: 'oidc',
        name: 'Staff login',
        oidc: { issuer: provider.issuer, client_id: 'guildhall', client_secret: 'a secret' },
        group_map: [{ group: 'clerks', organisation_id: organisation, role: 'staff' }],
      },
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    id = made.body.id
  })

  const failures = async () => (await admin.get(`/api/admin/identity-providers/${id}`)).recent_failures
  const browser = () => new Browser(admin.url)
  const begin = async (who) => {
    const begun = await who.open(`/oidc/${id}/login?next=/team`)
    assert.equal(begun.status, 303, begun.text)
    const request = new URL(begun.location)
    assert.equal(request.origin, provider.issuer)
    return { address: begun.location, challenge: request.searchParams.get('code_challenge') }
  }
  /** Where the provider sends the browser, as the browser reaches the node here. */
  const back = async (begun) => {
    const { pathname, search } = new URL(await provider.decide(begun.address, { sub: 'ana' }))
    return new URL(pathname + search, admin.url)
  }

  test('sends the verifier that its challenge was made of, another one each time', async () => {
    for (let login = 0; login < 2; login += 1) {
      const ana = browser()
      const begun = await begin(ana)
      const arrived = await ana.open(await back(begun))
      assert.deepEqual([arrived.status, arrived.location], [303, '/team'], JSON.stringify(await failures()))
      const { challenge, verifier } = provider.exchanges.at(-1)
      assert.equal(challenge, begun.challenge)
      assert.equal(challengeOf(verifier), challenge)
      // RFC 7636, 4.1: unreserved characters, 256 bits of chance.
      assert.match(verifier, /^[A-Za-z0-9._~-]{43,128}$/)
    }
    const [one, two] = provider.exchanges
    assert.equal(provider.exchanges.length, 2)
    assert.notEqual(one.verifier, two.verifier)
  })

  test('keeps the verifier to itself until then', async () => {
    const ana = browser()
    const begun = await begin(ana)
    assert.equal((await ana.open(await back(begun))).location, '/team')
    const { verifier } = provider.exchanges.at(-1)
    assert.ok(!begun.address.includes(verifier))
    assert.ok(![...ana.cookies.values()].some((value) => value.includes(verifier)))
  })

  test('is refused with the code of another login', async () => {
    const [ana, mallory] = [browser(), browser()]
    const [hers, his] = [await begin(ana), await begin(mallory)]
    const [answer, stolen] = [await back(hers), await back(his)]
    answer.searchParams.set('code', stolen.searchParams.get('code'))
    const arrived = await ana.open(answer)
    assert.equal(new URL(arrived.location, admin.url).searchParams.get('error'), 'sign_in_failed')
    const { challenge, verifier } = provider.exchanges.at(-1)
    assert.deepEqual([challenge, challengeOf(verifier)], [his.challenge, hers.challenge])
    const [newest] = await failures()
    assert.equal(newest.code, 'code_refused')
    assert.match(newest.reason, /does not fit the challenge/)
    assert.equal(await ana.session(), null)
  })
})
