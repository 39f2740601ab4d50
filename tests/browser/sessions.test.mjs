// Where somebody is signed in, seen and ended from another browser; and somebody who goes from one organisation to another.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture } from './visitor.mjs'

const SECOND = 'Beacon Freight'

describe('sessions and organisations', () => {
  const place = scope({ after })
  const problems = []
  let browser
  let caller
  let first
  let node
  let owner

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    owner = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    caller = new Caller(node.url, (await createApiKey(dataDir, owner.email)).key)
    browser = await openBrowser()
    place.after(() => browser.close())
    first = await comesIn()
  })

  async function comesIn() {
    const page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, node.url, owner)
    return page
  }

  const step = storyOf(() => first, problems)
  const END = /^End the session of /
  const button = (page, name) => page.getByRole('button', { name, exact: true })
  const sessions = async () => {
    await first.goto(`${node.url}/account?tab=security`)
    await first.getByRole('button', { name: END }).first().waitFor()
    await settle(first)
    return first.getByRole('listitem').filter({ hasText: 'Last active' })
  }
  /** Signed out is who is asked to sign in, wherever they go next. */
  const isOut = async (page) => {
    await page.goto(`${node.url}/team`)
    await page.getByRole('heading', { name: 'Welcome back', exact: true }).waitFor()
  }

  step('ends one other session, which is signed out', async () => {
    const other = await comesIn()
    const shown = await sessions()
    assert.equal(await shown.count(), 2)
    assert.equal(await shown.filter({ hasText: 'This one' }).count(), 1)
    await takePicture(first, 'account-sessions')
    await first.getByRole('button', { name: END }).click()
    await first.getByText('The session has ended', { exact: true }).waitFor()
    await first.getByRole('button', { name: END }).waitFor({ state: 'detached' })
    await isOut(other)
    await other.context().close()
  })

  step('ends all others after a question, and stays signed in', async () => {
    const others = [await comesIn(), await comesIn()]
    assert.equal(await (await sessions()).count(), 3)
    await button(first, 'End all others').click()
    const dialog = first.getByRole('dialog')
    await dialog.getByText('End all your other sessions?', { exact: true }).waitFor()
    await button(dialog, 'End all others').click()
    await first.getByText('All your other sessions have ended', { exact: true }).waitFor()
    await first.getByRole('button', { name: END }).first().waitFor({ state: 'detached' })
    for (const other of others) {
      await isOut(other)
      await other.context().close()
    }
    await first.reload()
    await first.getByRole('heading', { name: 'Where you are signed in' }).waitFor()
  })

  step('goes to another organisation and back', async () => {
    const made = await caller.json('POST', '/api/admin/organisations', { body: { name: SECOND, join: true } })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    const session = async () => (await first.evaluate(() => fetch('/api/session').then((answer) => answer.json()))).organisation.name
    const home = await session()
    await first.goto(node.url)
    for (const organisation of [SECOND, home]) {
      await first.getByRole('button', { name: /^Account menu of / }).click()
      const entered = first.waitForResponse((answer) => answer.url().endsWith('/api/session/organisation') && answer.ok())
      await first.getByRole('menuitem', { name: organisation, exact: true }).click()
      await entered
      await first.reload()
      await first.getByRole('button', { name: /^Account menu of / }).click()
      await first.getByText(`${organisation}, `, { exact: false }).first().waitFor()
      await first.keyboard.press('Escape')
      assert.equal(await session(), organisation)
    }
  })
})
