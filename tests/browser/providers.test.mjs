// An administrator enters a provider of the own network, tests it, sets prices, a chain, a rule and a limit, has it read what people send,
// keeps one employee's words in the house, and takes the usage away as a file.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture } from './visitor.mjs'

const PROVIDER = 'House server'

/** A server that speaks OpenAI's interface: it answers with one sentence, and makes vectors of letters. */
async function startServer(place) {
  const server = http.createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part) => {
      text += part
    })
    request.on('end', () => {
      const body = JSON.parse(text || '{}')
      if (request.url.endsWith('/embeddings'))
        return json(response, { object: 'list', data: body.input.map(vector), usage: { prompt_tokens: 1, total_tokens: 1 } })
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      const delta = (value) => response.write(`data: ${JSON.stringify(value)}\n\n`)
      delta({ choices: [{ index: 0, delta: { content: 'Answered next door.' }, finish_reason: null }] })
      delta({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
      delta({ choices: [], usage: { prompt_tokens: 9, completion_tokens: 3, total_tokens: 12 } })
      response.end('data: [DONE]\n\n')
    })
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  place.after(() => new Promise((resolve) => server.close(resolve)))
  return `http://127.0.0.1:${server.address().port}/v1`
}

const json = (response, value) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(value))

function vector(text, index) {
  const embedding = Array(8).fill(0.1)
  for (const letter of text) embedding[letter.codePointAt(0) % 8] += 1
  return { object: 'embedding', index, embedding }
}

describe('what leaves the house', () => {
  const place = scope({ after })
  const problems = []
  let page
  let address

  before(async () => {
    const folder = temporaryFolder(place)
    const dataDir = path.join(folder, 'data')
    const administrator = await init(dataDir)
    address = await startServer(place)
    const node = await RunningNode.start(place, dataDir)
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser, { acceptDownloads: true })
    page = await openTab(context, node.url, problems)
    await signIn(page, node.url, administrator)
    await page.goto(`${node.url}/admin/providers`)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const tab = (name) => page.getByRole('tab', { name, exact: true })
  const menuItem = (name) => page.getByRole('menuitem', { name, exact: true })
  const dialog = () => page.getByRole('dialog')

  step('opens the switch to the own network, and sees who did', async () => {
    await page.getByText('Your own network', { exact: true }).click()
    await field('Type “local_network” to confirm').fill('local_network')
    await button('Open the switch').click()
    await page.getByText('Prompts may go to your own network, no further.', { exact: true }).waitFor()
    await page.getByText(/^Switched .* by /).waitFor()
    await settle(page)
    await takePicture(page, 'providers-switch')
  })

  step('enters a provider and its models with prices', async () => {
    await button('Add a provider').click()
    await field('Kind').selectOption('openai_compatible')
    await field('Address').fill(address)
    await dialog().getByText('Nothing', { exact: true }).click()
    await page.getByText('More settings', { exact: true }).click()
    await field('Title').fill(PROVIDER)
    await field('Short name').fill('house')
    if (!(await field('On your own network').isChecked())) await field('On your own network').check()
    await takePicture(page, 'providers-form')
    await dialog().getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByRole('heading', { name: PROVIDER, exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'providers-entered')
  })

  step('gives its models names and prices', async () => {
    await button(`More for ${PROVIDER}`).click()
    await menuItem('Models and prices').click()
    for (const [number, name, kind] of [
      [1, 'm-1', 'generative'],
      [2, 'e-1', 'embedding'],
    ]) {
      await dialog().getByRole('button', { name: 'Add a model', exact: true }).click()
      await field(`Name of model ${number}, as the provider calls it`).fill(name)
      await field(`What model ${number} is for`).selectOption(kind)
      await field(`Price of reading for model ${number}`).fill('2')
    }
    await takePicture(page, 'providers-prices')
    await dialog().getByRole('button', { name: 'Save', exact: true }).click()
    await dialog().waitFor({ state: 'detached' })
    await page.getByText('house/m-1').first().waitFor()
  })

  step('tests it with one small call', async () => {
    await button(`Test ${PROVIDER}`).click()
    await page.getByText('Everything works.', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'providers-tested')
  })

  step('shows in the playground what an answer cost, beside one that cost nothing', async () => {
    await page.getByRole('link', { name: 'Playground', exact: true }).click()
    await field('What to ask').fill('Who are you?')
    await field('Model of column 1').selectOption('house/m-1')
    await field('Model of column 2').selectOption('starter')
    await button('Run').click()
    const cost = (number) =>
      page.locator(`[data-column="${number}"]`).locator('dt', { hasText: 'Cost' }).locator('xpath=following-sibling::dd')
    for (const number of [1, 2]) await page.locator(`[data-column="${number}"]`).getByText('Done', { exact: true }).waitFor()
    // Nine tokens at two credits a million of them.
    assert.equal((await cost(1).innerText()).trim(), '0.000018 credits')
    assert.equal((await cost(2).innerText()).trim(), 'None')
    await settle(page)
    await takePicture(page, 'providers-playground')
    await page.getByRole('link', { name: 'Admin', exact: true }).click()
    await page.getByRole('link', { name: 'Providers', exact: true }).click()
  })

  step('makes a chain and a rule', async () => {
    await tab('Fallback chains').click()
    await button('Add a chain').click()
    await field('Name').fill('smart')
    await field('Step 1').selectOption('house/m-1')
    await takePicture(page, 'providers-chain')
    await dialog().getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('fallback/smart', { exact: true }).waitFor()
    await tab('Residency').click()
    await button('Add a rule').click()
    await field('Applies to').selectOption('data_class')
    await field('Class').selectOption('confidential')
    await takePicture(page, 'providers-rule')
    await dialog().getByRole('button', { name: 'Save', exact: true }).click()
    await page.getByText('Data of the class Confidential, or more secret', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'providers-residency')
  })

  step('has the handbooks read by its embedding model', async () => {
    await tab('Search').click()
    await field('Model that reads: Handbooks').selectOption('house/e-1')
    await page.getByText(/^Read by house\/e-1: [\d,]+ vectors of 8 numbers$/).waitFor()
    await settle(page)
    await takePicture(page, 'providers-search')
  })

  step('limits what one person uses', async () => {
    await page.getByRole('link', { name: 'Limits', exact: true }).click()
    await button('Set a limit').first().click()
    await field('Kind').selectOption('person')
    await field('For whom').selectOption({ index: 1 })
    await field('Tokens a day').fill('50000')
    await takePicture(page, 'limit-dialog')
    await dialog().getByRole('button', { name: 'Save', exact: true }).click()
    await dialog().waitFor({ state: 'detached' })
    await settle(page)
    await takePicture(page, 'limits')
  })

  step('takes the usage away as a file', async () => {
    await page.getByRole('link', { name: 'Usage', exact: true }).click()
    await settle(page)
    const [download] = await Promise.all([page.waitForEvent('download'), button('Save as CSV').click()])
    const table = fs.readFileSync(await download.path(), 'utf8')
    const today = new Date().toISOString().slice(0, 10)
    const calls = table
      .split(/\r?\n/)
      .find((line) => line.startsWith(today))
      ?.split(',')[1]
    assert.ok(Number(calls) > 0, table)
    await takePicture(page, 'usage')
  })

  step('compares organisations, in sums that name nobody', async () => {
    await page.getByText('Organisation', { exact: true }).click()
    await page.getByText(/^What the models did for every organisation on this node/).waitFor()
    await page.getByRole('img', { name: /^Tokens by organisation: .* most for Linden & Vale with / }).waitFor()
    await page.getByRole('heading', { name: 'Calls', exact: true }).waitFor({ state: 'detached' })
    assert.equal(await page.getByLabel('Person', { exact: true }).count(), 0)
    await settle(page)
    const [download] = await Promise.all([page.waitForEvent('download'), button('Save as CSV').click()])
    assert.equal(download.suggestedFilename(), 'usage-by-organisation.csv')
    assert.match(fs.readFileSync(await download.path(), 'utf8'), /\r\nLinden & Vale,[1-9]/)
    await takePicture(page, 'usage-organisations')
  })
})
