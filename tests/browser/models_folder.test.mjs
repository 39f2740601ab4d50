// Two more ways in for a model: the folder that the node looks into, which says of every bad file why it was not taken in and what to do,
// and a file let go over the page.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { renamedStarter } from '../harness/model_files.mjs'
import { init, RunningNode, run, STARTER_MODEL, scope, temporaryFolder } from '../harness/program.mjs'
import { DESK, openBrowser, openContext, openTab, PHONE, scrollsSideways, settle, signIn, storyOf, takePicture } from './visitor.mjs'

/** As long as the starter's own name, so that the header stays the same otherwise. */
const TITLES = { folder: 'Foldered starter!', page: 'Letgo-on starter!' }

describe('models from the folder and from the pointer', () => {
  const place = scope({ after })
  const problems = []
  let page
  let models
  let dataDir

  before(async () => {
    dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const node = await RunningNode.start(place, dataDir)
    models = path.join(dataDir, 'models')
    const whole = renamedStarter(TITLES.folder)
    fs.writeFileSync(path.join(models, 'half.gguf'), whole.subarray(0, whole.length / 2))
    fs.copyFileSync(STARTER_MODEL, path.join(models, 'a-copy-of-the-starter-under-quite-a-long-name-from-a-stick.gguf'))
    fs.writeFileSync(path.join(models, 'letter.gguf'), 'Dear Robin, this is a letter and no model.')
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser)
    page = await openTab(context, node.url, problems)
    await signIn(page, node.url, administrator)
    await page.goto(`${node.url}/admin/models`)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const refused = () => page.getByRole('region', { name: 'Files that were not taken in' })
  const file = (name) => refused().getByRole('listitem').filter({ hasText: name })
  const card = (title) => page.getByRole('listitem').filter({ has: page.getByRole('heading', { name: title, exact: true }) })
  const LONG = 'a-copy-of-the-starter'

  step('says of every bad file why, and what to do', async () => {
    await refused().getByText('3 files in the models folder could not be taken in').waitFor()
    await file('half.gguf')
      .getByText(/^Model file is truncated: .* expected, .* present; copy it again\.$/)
      .waitFor()
    await file(LONG)
      .getByText(/is here already as starter; remove .*, nothing is lost\.$/)
      .waitFor()
    await file('letter.gguf')
      .getByText(/^Not a GGUF file/)
      .waitFor()
    await settle(page)
    await takePicture(page, 'models-folder', { fullPage: true })
    await page.emulateMedia({ colorScheme: 'dark' })
    await takePicture(page, 'models-folder-dark', { fullPage: true })
    await page.setViewportSize(PHONE)
    await refused().scrollIntoViewIfNeeded()
    assert.equal(await scrollsSideways(page), false)
    await takePicture(page, 'models-folder-phone')
    await page.setViewportSize(DESK)
    await page.emulateMedia({ colorScheme: 'light' })
  })

  step('says it at the machine too', async () => {
    const listed = await run('models', 'list', '--data-dir', dataDir)
    assert.match(listed.stdout, /^half\.gguf +not taken in: half\.gguf: model file is truncated/m)
    const machine = await run('models', 'list', '--data-dir', dataDir, '--json')
    const { refused_files } = JSON.parse(machine.stdout)
    assert.deepEqual(refused_files.map((one) => one.code).sort(), ['already_imported', 'model_corrupt', 'model_truncated'])
    const again = await run('models', 'retry', 'half.gguf', '--data-dir', dataDir)
    assert.equal(again.code, 1)
    assert.match(again.stderr, /truncated/)
  })

  step('looks again when asked, and says that it still cannot', async () => {
    await button('Try again with half.gguf').click()
    await page.getByText(/^Still not possible\. .*truncated/).waitFor()
  })

  step('takes a better copy in by itself', async () => {
    // Written beside and moved, as a careful person does.
    const coming = path.join(models, '.half.gguf')
    fs.writeFileSync(coming, renamedStarter(TITLES.folder))
    fs.renameSync(coming, path.join(models, 'half.gguf'))
    await card(TITLES.folder).waitFor()
    await refused().getByText('2 files in the models folder could not be taken in').waitFor()
  })

  step('says no more of one, and deletes another', async () => {
    await refused().getByRole('button', { name: 'Say no more of letter.gguf' }).click()
    await file('letter.gguf').waitFor({ state: 'detached' })
    await refused()
      .getByRole('button', { name: /^Delete the file a-copy/ })
      .click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete the file', exact: true }).click()
    await refused().waitFor({ state: 'detached' })
    assert.deepEqual(
      fs
        .readdirSync(models)
        .filter((name) => name.endsWith('.gguf'))
        .sort(),
      ['half.gguf', 'letter.gguf', 'starter.gguf'],
    )
  })

  /** What the system hands a page when a file is dragged onto it. */
  const dragged = (name, bytes) =>
    page.evaluateHandle(
      ([name, text]) => {
        const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0))
        const transfer = new DataTransfer()
        transfer.items.add(new File([bytes], name))
        return transfer
      },
      [name, bytes.toString('base64')],
    )

  step('takes a file that is let go over the page, with progress and a verdict', async () => {
    const dataTransfer = await dragged('let-go.gguf', renamedStarter(TITLES.page))
    const zone = page.getByText('Drop a GGUF file or a model pack here', { exact: false })
    await zone.dispatchEvent('dragover', { dataTransfer })
    await page.getByText('Let go to upload').waitFor()
    await takePicture(page, 'models-drag')
    await page.getByText('Let go to upload').dispatchEvent('drop', { dataTransfer })
    const uploads = page.getByRole('list', { name: 'Uploads' })
    await uploads.getByRole('progressbar', { name: 'Upload of let-go.gguf' }).waitFor()
    await uploads.getByText(/^Fits: .* of /).waitFor()
    await uploads.getByText('The file is whole and its hash is known').waitFor()
    assert.equal(await uploads.getByRole('progressbar').getAttribute('aria-valuenow'), '100')
    await settle(page)
    await takePicture(page, 'models-dropped')
    await page.getByLabel('I have read the licence and accept it').check()
    await button('Take it in').click()
    await card(TITLES.page).waitFor()
  })

  step('refuses a file that is no model, and stays on the page', async () => {
    const dataTransfer = await dragged('holiday.jpg', Buffer.from('no model'))
    await page.locator('h1').dispatchEvent('drop', { dataTransfer })
    await page.getByRole('alert').getByText('A model is a file whose name ends in .gguf').waitFor()
    assert.match(page.url(), /\/admin\/models$/)
  })

  step('shows how fast a loaded model writes here', async () => {
    await button(`Load ${TITLES.page}`).click()
    await card(TITLES.page).getByText('Loaded', { exact: true }).waitFor()
    const speed = card(TITLES.page).getByRole('listitem').filter({ hasText: 'tokens/s' })
    // Measured once after the first load.
    await speed.getByText(/^[\d.,]+$/).waitFor()
    await settle(page)
    await takePicture(page, 'models-loaded')
  })
})
