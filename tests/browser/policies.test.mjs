// Who may use what: an employee and a collection kept for some through the pages, and a key that works through one employee only. What
// the pages say is tried by the people and programs whom it concerns.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { join } from '../harness/people.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture } from './visitor.mjs'

const NELL = { email: 'nell@example.test', password: 'a password of her own 42' }

describe('who may use what', () => {
  const place = scope({ after })
  const problems = []
  let browser, caller, node, page, nell, first, second

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const owner = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    caller = new Caller(node.url, (await createApiKey(dataDir, owner.email)).key)
    for (const persona_name of ['Open Olive', 'Kept Kim']) {
      const hired = await caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: { persona_name, model: 'extractive' } })
      assert.equal(hired.status, 201, JSON.stringify(hired.body))
      if (!first) first = hired.body
      else second = hired.body
    }
    await join(caller, NELL, { name: 'Nell' })
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await comesIn(owner)
    nell = await comesIn(NELL)
  })

  const comesIn = async (person) => {
    const opened = await openTab(await openContext(browser), node.url, problems)
    await signIn(opened, node.url, person)
    return opened
  }
  const step = storyOf(() => page, problems)
  const button = (on, name) => on.getByRole('button', { name, exact: true })
  const dialog = () => page.getByRole('dialog').last()
  /** What the session's own programs get. */
  const status = (on, where) => on.evaluate((address) => fetch(address).then((answer) => answer.status), where)
  const seen = async (on) => {
    await on.goto(`${node.url}/team`)
    await on.getByText('Open Olive').first().waitFor()
    await settle(on)
    return on.getByText('Kept Kim').count()
  }

  const keep = async (name, roles) => {
    await page.goto(`${node.url}/admin/policies`)
    await button(page, `Change who may use ${name}`).click()
    await button(dialog(), 'Only some').click()
    for (const role of roles) await dialog().getByLabel(role, { exact: true }).check()
    await settle(page)
    await takePicture(page, `policy-${name.replaceAll(/\W+/g, '-').toLowerCase()}`)
    await button(dialog(), 'Save').click()
    await dialog().waitFor({ state: 'detached' })
  }

  step('keeps an employee for a role, and nobody else meets them', async () => {
    assert.ok((await seen(nell)) > 0, 'everybody meets everybody at first')
    await keep('Kept Kim', ['Administrator'])
    assert.equal(await seen(nell), 0)
    assert.ok((await seen(page)) > 0)
    assert.equal(await status(nell, `/api/ves/${first.id}`), 200)
    assert.equal(await status(nell, `/api/ves/${second.id}`), 404)
    problems.length = 0
    await page.goto(`${node.url}/admin/policies`)
    await page.getByRole('list', { name: 'Employees' }).getByText('Only', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'policies-employee')
  })

  step('lets one person in by name, and everybody again', async () => {
    await page.goto(`${node.url}/admin/policies`)
    await button(page, 'Change who may use Kept Kim').click()
    await dialog().getByLabel('Find people by name or e-mail').fill('Nell')
    await dialog().getByRole('checkbox', { name: /Nell/ }).check()
    await button(dialog(), 'Save').click()
    await dialog().waitFor({ state: 'detached' })
    assert.ok((await seen(nell)) > 0)
    await page.goto(`${node.url}/admin/policies`)
    await button(page, 'Change who may use Kept Kim').click()
    await button(dialog(), 'Everybody').click()
    await button(dialog(), 'Save').click()
    await dialog().waitFor({ state: 'detached' })
    await page.getByRole('list', { name: 'Employees' }).getByText('Only', { exact: true }).waitFor({ state: 'detached' })
    assert.ok((await seen(nell)) > 0)
  })

  step('keeps a collection for some', async () => {
    await keep('Handbooks', ['Administrator'])
    const policies = await caller.get('/api/admin/policies')
    const kept = policies.items.find((policy) => policy.resource_type === 'collection')
    assert.deepEqual([kept.resource_id, kept.roles], ['handbook', ['admin']], JSON.stringify(policies))
    await settle(page)
    await takePicture(page, 'policies-collection')
  })

  step('makes a key that works through one employee only', async () => {
    await page.goto(`${node.url}/account?tab=keys`)
    await button(page, 'Create a key').first().click()
    await dialog().getByLabel('What is it for?', { exact: true }).fill('Olive only')
    const through = dialog().getByRole('group', { name: 'Through which employees?' })
    await through.getByRole('button', { name: 'Only some', exact: true }).click()
    await dialog()
      .getByLabel(/Open Olive/)
      .check()
    await settle(page)
    await takePicture(page, 'key-through-one')
    await button(dialog(), 'Create a key').click()
    const shown = dialog().locator('code').last()
    await dialog().getByText('Your new key', { exact: true }).waitFor()
    const narrow = new Caller(node.url, (await shown.innerText()).trim())
    const ask = (ve) => narrow.json('GET', `/api/ves/${ve.id}`)
    assert.equal((await ask(first)).status, 200)
    assert.equal((await ask(second)).status, 404)
    const list = await narrow.get('/api/ves')
    assert.deepEqual(
      list.items.map((ve) => ve.persona_name),
      ['Open Olive'],
    )
  })
})
