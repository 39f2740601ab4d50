// Signing in through a real SAML identity provider in a real browser: the form that the provider's page posts comes from another
// site, so this is where cookies and policies show whether they are right.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { startProvider } from '../harness/saml_provider.mjs'
import { Visitor } from '../harness/visitor.mjs'
import { openBrowser, openContext } from './visitor.mjs'

describe('signing in through a SAML identity provider in a browser', () => {
  const place = scope({ after })
  let node, idp, provider, browser

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const { key } = await createApiKey(dataDir, administrator.email)
    idp = await startProvider(place)
    node = await RunningNode.start(place, dataDir)
    const api = async (method, address, body) => {
      const answer = await new Visitor().request(method, node.url + address, { body, headers: { authorization: `Bearer ${key}` } })
      assert.ok(answer.status < 300, answer.text)
      return JSON.parse(answer.text)
    }
    const organisation = (await api('GET', '/api/session')).organisation.id
    const providers = '/api/admin/identity-providers'
    const { idp_entity_id, sso_url, certificates } = await api('POST', `${providers}/saml/parse-metadata`, { xml: await idp.metadata() })
    provider = await api('POST', providers, {
      kind: 'saml',
      name: 'Staff login',
      saml: { idp_entity_id, sso_url, certificates: certificates.map(({ pem }) => ({ pem })) },
      attributes: { email: 'mail', display_name: 'displayName', groups: 'eduPersonAffiliation' },
      group_map: [{ group: 'staff', organisation_id: organisation, role: 'staff' }],
    })
    await idp.control({ service_provider: (await new Visitor().get(provider.saml.metadata_url)).text })
    browser = await openBrowser()
    place.after(() => browser.close())
  })

  const open = async () => {
    const context = await openContext(browser)
    place.after(() => context.close())
    const page = await context.newPage()
    const problems = []
    page.on('console', (message) => {
      // Before somebody is logged in, asking who it is answers 401.
      if (message.type() === 'error' && !message.text().includes('401')) problems.push(message.text())
    })
    return { page, problems }
  }

  test('the sign-in page leads to the provider, and the provider back to a page of the node', async () => {
    const { page, problems } = await open()
    await page.goto(`${node.url}/signin?next=%2Fteam`)
    await page.getByRole('link', { name: /Staff login/ }).click()
    await page.waitForURL(`${node.url}/team`)
    const session = await page.evaluate(async () => (await fetch('/api/session')).json())
    assert.equal(session.person.email, 'ana@example.test')
    await page.reload()
    assert.equal(new URL(page.url()).pathname, '/team')
    assert.deepEqual(problems, [])
  })

  test('a refused response ends at the sign-in page with a reference and nothing else', async () => {
    await idp.control({ variant: 'unsigned' })
    const { page } = await open()
    await page.goto(`${node.url}/saml/${provider.id}/login`)
    await page.waitForURL(`${node.url}/signin?**`)
    const told = await page.getByRole('alert').textContent()
    assert.match(told, /req_/)
    assert.doesNotMatch(told, /signed|assertion/)
    await idp.control({ variant: 'normal' })
  })
})
