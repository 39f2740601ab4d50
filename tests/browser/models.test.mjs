// A person brings a model: it goes up in pieces, waits while it is paused, goes on after the page was loaded again, is judged before it is
// whole, is taken in with its licence, answers to a name, and is removed. Then the switch that lets prompts out is opened and closed.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { renamedStarter } from '../harness/model_files.mjs'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf } from './visitor.mjs'

const FILE = 'visitor-model.gguf'
const TITLE = 'Buildhall starter'
/** Bytes a second: the upload takes long enough to be paused in the middle of it. */
const SLOW = 300_000

describe('models and the switch', () => {
  const place = scope({ after })
  const problems = []
  let page
  let file

  before(async () => {
    const folder = temporaryFolder(place)
    file = path.join(folder, FILE)
    fs.writeFileSync(file, renamedStarter(TITLE))
    const dataDir = path.join(folder, 'data')
    const administrator = await init(dataDir)
    const node = await RunningNode.start(place, dataDir)
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser)
    page = await openTab(context, node.url, problems)
    await signIn(page, node.url, administrator)
    await page.goto(`${node.url}/admin/models`)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const uploads = () => page.getByRole('list', { name: 'Uploads' })
  const card = () => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: TITLE, exact: true }) })
  const menuItem = (name) => page.getByRole('menuitem', { name, exact: true })

  async function speed(bytesPerSecond) {
    const session = await page.context().newCDPSession(page)
    await session.send('Network.enable')
    const limits = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerSecond }
    await session.send('Network.emulateNetworkConditions', limits)
  }

  step('judges the file before it is whole, and waits while it is paused', async () => {
    await speed(SLOW)
    await page.getByLabel('Drop a GGUF file').setInputFiles(file)
    await uploads().getByText('Header read').waitFor()
    await uploads()
      .getByText(/^Fits: .* of /)
      .waitFor()
    await button(`Pause ${FILE}`).click()
    await uploads()
      .getByText(/Paused$/)
      .waitFor()
    assert.ok(await button('Take it in').isDisabled())
  })

  step('goes on with the same file after the page was loaded again', async () => {
    await page.reload()
    await uploads()
      .getByText(/^This page was closed/)
      .waitFor()
    await speed(-1)
    const [chooser] = await Promise.all([page.waitForEvent('filechooser'), button('Choose the file again').click()])
    await chooser.setFiles(file)
    await uploads().getByText('The file is whole and its hash is known').waitFor()
  })

  step('takes it in once its licence is accepted, and loads it', async () => {
    assert.ok(await button('Take it in').isDisabled())
    await page.getByLabel('I have read the licence and accept it').check()
    await button('Take it in').click()
    await card().waitFor()
    await uploads().waitFor({ state: 'detached' })
    await button(`Load ${TITLE}`).click()
    await card().getByText('Loaded', { exact: true }).waitFor()
    await page.getByRole('img', { name: new RegExp(`^Memory for models: .*${TITLE}`) }).waitFor()
  })

  step('gives it a name that leads to it', async () => {
    await button(`More for ${TITLE}`).click()
    await menuItem('Names that lead here').click()
    await page.getByLabel('Another name', { exact: true }).fill('house-model')
    await button('Add').click()
    await page.getByRole('dialog').getByText('house-model').waitFor()
    await page.keyboard.press('Escape')
    await card().getByText('house-model').waitFor()
  })

  step('says who uses it before it is removed', async () => {
    await button(`More for ${TITLE}`).click()
    await menuItem('Remove from this node').click()
    await page.getByRole('dialog').getByText('Nobody has chosen it.').waitFor()
    await page
      .getByRole('dialog')
      .getByText(/house-model/)
      .waitFor()
    await button('Remove from this node').click()
    await card().waitFor({ state: 'detached' })
  })

  step('lets nothing out until somebody types it, and closes at once', async () => {
    await page.getByRole('link', { name: 'Providers', exact: true }).click()
    await page.getByText('Nothing leaves this node.', { exact: true }).waitFor()
    await page.getByText('Nothing leaves this machine', { exact: true }).waitFor()
    await page.getByText('Your own network', { exact: true }).click()
    assert.ok(await button('Open the switch').isDisabled())
    await page.getByLabel('Type “local_network” to confirm').fill('local_network')
    await button('Open the switch').click()
    await page.getByText('Prompts may go to your own network, no further.', { exact: true }).waitFor()
    await page.getByText('Nothing', { exact: true }).click()
    await page.getByText('Nothing leaves this node.', { exact: true }).waitFor()
    await settle(page)
  })
})
