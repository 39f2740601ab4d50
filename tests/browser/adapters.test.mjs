// An adapter for a model: it comes up the same way, is given its model, is chosen for an employee in the model's place, answers, and is
// taken off again, which the employee says.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { adapterOfStarter, renamedStarter } from '../harness/model_files.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { closeNotices, openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture, takePicturesElsewhere } from './visitor.mjs'

const MODEL = 'Lindenvale writer'
const ADAPTER = 'House style of Linden & Vale'
const NAME = 'house-style-of-linden-vale'
const EMPLOYEE = 'Inga Invoice'

describe('an adapter of a model', () => {
  const place = scope({ after })
  const problems = []
  let file, node, page

  before(async () => {
    const folder = temporaryFolder(place)
    file = path.join(folder, `${NAME}.gguf`)
    fs.writeFileSync(file, adapterOfStarter(ADAPTER))
    const dataDir = path.join(folder, 'data')
    const administrator = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    fs.writeFileSync(path.join(dataDir, 'models', '.coming.gguf'), renamedStarter(MODEL))
    fs.renameSync(path.join(dataDir, 'models', '.coming.gguf'), path.join(dataDir, 'models', 'lindenvale-writer.gguf'))
    const caller = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
    const hire = { persona_name: EMPLOYEE, model: 'extractive' }
    const hired = await caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: hire })
    assert.equal(hired.status, 201, JSON.stringify(hired.body))
    const browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, node.url, administrator)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const menuItem = (name) => page.getByRole('menuitem', { name, exact: true })
  const dialog = () => page.getByRole('dialog').last()
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true })
  const card = (title) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  const askForModel = async () => {
    await page.goto(`${node.url}/team`)
    await settle(page)
    await button(`Actions for ${EMPLOYEE}`).click()
    await menuItem('Change model').click()
    await dialog().getByRole('radio').first().waitFor({ state: 'attached' })
  }
  const choices = () =>
    dialog()
      .getByRole('radio')
      .evaluateAll((radios) => radios.map((radio) => radio.value))

  step('brings it as a model is brought', async () => {
    await page.goto(`${node.url}/admin/models`)
    await card(MODEL).waitFor()
    await page.getByLabel('Drop a GGUF file').setInputFiles(file)
    const uploads = page.getByRole('list', { name: 'Uploads' })
    await uploads.getByText('The file is whole and its hash is known').waitFor()
    await settle(page)
    await takePicture(page, 'adapter-upload')
    await page.getByLabel('I have read the licence and accept it').check()
    await button('Take it in').click()
    await card(ADAPTER).getByText('Changes another model', { exact: false }).waitFor()
    await card(ADAPTER).getByText('Nobody can choose it yet: it belongs to no model.', { exact: true }).waitFor()
    await closeNotices(page)
    await card(ADAPTER).scrollIntoViewIfNeeded()
    await settle(page)
    await takePicture(page, 'adapter-alone')
    await takePicturesElsewhere(page, 'adapter-alone', card(ADAPTER))
  })

  step('cannot be chosen as long as it belongs to no model', async () => {
    await askForModel()
    assert.ok(!(await choices()).includes(NAME))
  })

  step('is given the model it belongs to', async () => {
    await page.goto(`${node.url}/admin/models`)
    await button('Choose its model').click()
    await dialog().getByLabel('Model it belongs to', { exact: true }).selectOption({ label: MODEL })
    await settle(page)
    await takePicture(page, 'adapter-model')
    await takePicturesElsewhere(page, 'adapter-model')
    await inDialog('Save').click()
    await dialog().waitFor({ state: 'detached' })
    await card(ADAPTER).getByText(`Belongs to ${MODEL}`, { exact: true }).waitFor()
    assert.equal(await button('Choose its model').count(), 0)
    await closeNotices(page)
    await card(ADAPTER).scrollIntoViewIfNeeded()
    await settle(page)
    await takePicture(page, 'adapter-given')
  })

  step('is chosen for an employee in the place of its model', async () => {
    await askForModel()
    const values = await choices()
    assert.equal(values.indexOf(NAME), values.indexOf('lindenvale-writer') + 1, values.join(', '))
    const adapter = dialog().getByRole('radio', { name: new RegExp(`^${ADAPTER}`) })
    await dialog().getByText(`An adapter of ${MODEL}.`, { exact: true }).waitFor()
    await dialog().locator('label').filter({ hasText: ADAPTER }).click()
    await settle(page)
    await takePicture(page, 'adapter-choice')
    await takePicturesElsewhere(page, 'adapter-choice', dialog().getByText(ADAPTER, { exact: false }))
    await inDialog('Save').click()
    await page.getByText(`${EMPLOYEE} answers with another model now`, { exact: true }).waitFor()
    await page.getByRole('list', { name: 'Employees' }).getByText(NAME, { exact: true }).waitFor()
    await closeNotices(page)
    await settle(page)
    await takePicture(page, 'adapter-team')
    await takePicturesElsewhere(page, 'adapter-team')
    await askForModel()
    assert.equal(await adapter.isChecked(), true, 'what was chosen is shown as chosen')
    await page.keyboard.press('Escape')
  })

  step('answers, and the chat says by which', async () => {
    await page.goto(`${node.url}/team`)
    await settle(page)
    await page.getByRole('list', { name: 'Employees' }).getByRole('link', { name: 'Chat', exact: true }).click()
    await page.getByLabel(`Message ${EMPLOYEE}`, { exact: true }).fill('Hello, who are you?')
    await button('Send').click()
    await page.getByRole('log').locator('article').last().getByRole('button', { name: 'Answer again' }).waitFor()
    await settle(page)
    await takePicture(page, 'adapter-chat')
    await takePicturesElsewhere(page, 'adapter-chat')
  })

  step('is offered to whoever is hired next', async () => {
    await page.goto(`${node.url}/hire/invoice-clerk`)
    await button('Continue').click()
    await page.locator('label').filter({ hasText: ADAPTER }).click()
    const contract = page.getByRole('region', { name: 'Contract so far' })
    await contract.getByText(ADAPTER, { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'adapter-hire')
    await takePicturesElsewhere(page, 'adapter-hire', page.getByText(`An adapter of ${MODEL}.`, { exact: true }))
  })

  step('is taken off its model, and the employee says why it quotes', async () => {
    await page.goto(`${node.url}/admin/models`)
    await card(ADAPTER).getByText('1 employee', { exact: true }).waitFor()
    await button(`More for ${ADAPTER}`).click()
    await menuItem('Model it belongs to').click()
    await dialog().getByLabel('Model it belongs to', { exact: true }).selectOption({ label: 'None' })
    await inDialog('Save').click()
    await dialog().waitFor({ state: 'detached' })
    await card(ADAPTER).getByText('Nobody can choose it yet: it belongs to no model.', { exact: true }).waitFor()
    await askForModel()
    const reason = `The adapter ${ADAPTER} belongs to no model at the moment, so answers are quoted`
    await dialog().getByText(`${reason}.`, { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'adapter-gone')
    await takePicturesElsewhere(page, 'adapter-gone')
    await page.keyboard.press('Escape')
    await page.getByRole('list', { name: 'Employees' }).getByText('Quotes only', { exact: true }).waitFor()
    await page.getByRole('list', { name: 'Employees' }).getByRole('link', { name: 'Chat', exact: true }).click()
    await page.getByTitle(reason, { exact: true }).first().waitFor({ state: 'attached' })
    await settle(page)
    await takePicture(page, 'adapter-gone-chat')
  })
})
