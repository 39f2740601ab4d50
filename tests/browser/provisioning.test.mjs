// A directory brings people by a token that was made in the pages, and an authoriser of the organisation's own has its say.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { request } from 'playwright-core'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture } from './visitor.mjs'

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User'
const GROUP = 'urn:ietf:params:scim:schemas:core:2.0:Group'
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp'

describe('what others may decide about people', () => {
  const place = scope({ after })
  const problems = []
  let node, browser, page, program, authoriser, key

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    ;({ key } = await createApiKey(dataDir, administrator.email))
    authoriser = await RunningAuthoriser.start(place)
    node = await RunningNode.start(place, dataDir)
    program = await request.newContext({ baseURL: node.url, ignoreHTTPSErrors: true })
    place.after(() => program.dispose())
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, node.url, administrator)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const dialog = () => page.getByRole('dialog').last()
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true })

  let base, secret, user

  const scim = async (method, address, data) => {
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/scim+json' }
    const answer = await program.fetch(base + address, { method, headers, data: data && JSON.stringify(data) })
    assert.ok(answer.ok(), `${answer.status()} ${await answer.text()}`)
    return answer.status() === 204 ? null : answer.json()
  }

  step('makes a token for a directory, and says what its groups give', async () => {
    await page.goto(`${node.url}/admin/applications?tab=scim`)
    await page.getByText('No token yet. Make one for your identity provider.', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'scim-empty')
    await button('Make a token').click()
    await dialog().getByLabel('What is it for?', { exact: true }).fill('Entra ID')
    await inDialog('Make a token').click()
    const shown = dialog().locator('code')
    await shown.nth(1).waitFor()
    ;[secret, base] = await shown.allInnerTexts()
    await settle(page)
    await takePicture(page, 'scim-token')
    await inDialog('I have copied it').click()
    await button('Add a group').click()
    await field('Group 1').fill('Guildhall Staff')
    await field('Role of group 1').selectOption('staff')
    await field('Everybody else who is provisioned').selectOption('normal')
    await button('Save').click()
    await page.getByText('The roles are saved', { exact: true }).waitFor()
  })

  step('sees the people come who the directory sends', async () => {
    await page.goto(`${node.url}/admin/people`)
    await page.getByText('robin@example.test', { exact: true }).first().waitFor()
    user = await scim('POST', '/Users', {
      schemas: [USER],
      userName: 'grace@example.test',
      displayName: 'Grace Hopper',
      active: true,
      emails: [{ value: 'grace@example.test', type: 'work', primary: true }],
    })
    const row = page.getByRole('listitem').filter({ hasText: 'Grace Hopper' })
    await row.getByText('Provisioned', { exact: true }).waitFor()
    await row.getByText('Member', { exact: true }).waitFor()
    await scim('POST', '/Groups', { schemas: [GROUP], displayName: 'Guildhall Staff', members: [{ value: user.id }] })
    await row.getByText('Staff', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'people-provisioned')
  })

  step('sees them go when the directory says so', async () => {
    const row = page.getByRole('listitem').filter({ hasText: 'Grace Hopper' })
    await scim('PATCH', `/Users/${user.id}`, { schemas: [PATCH], Operations: [{ op: 'replace', path: 'active', value: false }] })
    await row.waitFor({ state: 'detached' })
    await page.goto(`${node.url}/admin/applications?tab=scim`)
    await page.getByText(/Last used /).waitFor()
    await settle(page)
    await takePicture(page, 'scim')
    await button('Withdraw Entra ID').click()
    await inDialog('Withdraw').click()
    await page.getByText('No token yet. Make one for your identity provider.', { exact: true }).waitFor()
    const refused = await program.get(`${base}/Users`, { headers: { authorization: `Bearer ${secret}` } })
    assert.equal(refused.status(), 401)
  })

  const add = (email) =>
    program.post('/api/admin/people', {
      headers: { authorization: `Bearer ${key}` },
      data: { email, display_name: 'Somebody', role: 'normal' },
    })

  /** Other settings: what was answered before counts no more. */
  const waitAtMost = async (milliseconds) => {
    await field('Wait at most (milliseconds)').fill(String(milliseconds))
    const saved = page.waitForResponse((answer) => answer.url().endsWith('/api/admin/authoriser') && answer.request().method() === 'PUT')
    await button('Save').click()
    assert.equal((await saved).status(), 200)
  }

  step('asks an authoriser, and tries whether it answers', async () => {
    await page.goto(`${node.url}/admin/policies?tab=authoriser`)
    await page.getByText('Nobody is asked', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'authoriser-empty')
    await field('Address').fill(authoriser.url)
    await button('Save').click()
    await page.getByText('Is asked', { exact: true }).waitFor()
    await button('Ask it now').click()
    await page.getByText('It answered: allowed', { exact: true }).first().waitFor()
    assert.equal(authoriser.asked.at(-1).action, 'authoriser.test')
    assert.equal((await add('first@example.test')).status(), 201)
    assert.equal(authoriser.asked.at(-1).action, 'people.manage')
  })

  step('keeps people from what it refuses, and says who refused', async () => {
    authoriser.verdict = { allow: false, reason: 'not on a Friday' }
    await button('Ask it now').click()
    await page.getByText('It answered: refused', { exact: true }).first().waitFor()
    await page.getByText('Not on a Friday.', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'authoriser')
    await waitAtMost(2000)
    const refused = await add('second@example.test')
    assert.equal(refused.status(), 403)
    const { error } = await refused.json()
    assert.equal(error.code, 'denied_by_authoriser')
    assert.match(error.message, /not on a Friday/)
  })

  step('says that it does not answer, refuses meanwhile, and goes on without it once it is removed', async () => {
    await authoriser.stop()
    await button('Ask it now').click()
    await page.getByText('No answer that could be read', { exact: true }).first().waitFor()
    await settle(page)
    await takePicture(page, 'authoriser-away')
    await waitAtMost(500)
    const refused = await add('third@example.test')
    assert.equal(refused.status(), 503)
    await button('Remove').click()
    await inDialog('Remove').click()
    await page.getByText('Nobody is asked', { exact: true }).waitFor()
    assert.equal((await add('fourth@example.test')).status(), 201)
  })
})

/** A service of the organisation's own that answers what the test tells it to. */
class RunningAuthoriser {
  #server
  asked = []
  verdict = { allow: true }

  static async start(place) {
    const authoriser = new RunningAuthoriser()
    authoriser.#server = http.createServer(async (question, answer) => {
      let text = ''
      for await (const piece of question) text += piece
      authoriser.asked.push(JSON.parse(text))
      answer.setHeader('content-type', 'application/json')
      answer.end(JSON.stringify(authoriser.verdict))
    })
    authoriser.#server.listen(0, '127.0.0.1')
    await once(authoriser.#server, 'listening')
    place.after(() => authoriser.stop())
    return authoriser
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/decide`
  }

  async stop() {
    if (!this.#server.listening) return
    const closed = once(this.#server, 'close')
    this.#server.closeAllConnections()
    this.#server.close()
    await closed
  }
}
