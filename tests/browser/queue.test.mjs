// Somebody really waits: the one place at a model is taken for as long as its engine is held, so whoever asks next sees their place and an
// estimate, in the playground, in the chat and on the models page. Nothing depends on how fast the machine is.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { whileEnginesAreHeld } from './engines.mjs'
import { DESK, openBrowser, openContext, openTab, PHONE, settle, signIn, storyOf, takePicture } from './visitor.mjs'

/** One conversation at a time, and an engine that may be silent for longer than any step here takes. */
const CONFIGURATION = '[engine]\nsequences = 1\nhang_after_s = 3600\nqueue_wait_s = 3600\n'
const GREETING = [{ role: 'user', content: 'Good morning, who are you?' }]
const POLL_MS = 50

describe('waiting for a model', () => {
  const place = scope({ after })
  const problems = []
  let page
  let node
  let headers
  let ve

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    fs.writeFileSync(path.join(dataDir, 'guildhall.toml'), CONFIGURATION)
    const { key } = await createApiKey(dataDir, administrator.email)
    headers = { authorization: `Bearer ${key}` }
    node = await RunningNode.start(place, dataDir)
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser)
    page = await openTab(context, node.url, problems)
    await signIn(page, node.url, administrator)
    ve = (await call('post', '/api/marketplace/agents/invoice-clerk/hire', { model: 'starter', persona_name: 'Ines' })).id
    // The model is loaded and has answered twice: its estimates rest on something, and its engine is there to be held.
    for (const _ of [1, 2]) await ask()
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const column = (number) => page.locator(`[data-column="${number}"]`)

  async function call(method, where, data) {
    const answer = await page.request[method](node.url + where, { headers, data, timeout: 0 })
    assert.ok(answer.ok(), `${where}: ${answer.status()} ${await answer.text()}`)
    return answer.json()
  }
  const ask = () => call('post', '/v1/chat/completions', { model: 'starter', max_tokens: 16, messages: GREETING })

  /** Waits until as many answers are being written and as many people wait. */
  async function until(running, waiting) {
    for (;;) {
      const { models } = await call('get', '/api/admin/models/runtime')
      const starter = models.find((model) => model.name === 'starter')
      if (starter?.running === running && starter.queue.length === waiting) return
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }

  /** Runs `work` while somebody else's question has the one place. */
  async function whileTaken(work) {
    let other
    await whileEnginesAreHeld(node, async () => {
      other = ask()
      await until(1, 0)
      await work()
    })
    await other
  }

  step('the playground shows each column its place and an estimate', async () => {
    await page.goto(`${node.url}/playground`)
    await field('What to ask').fill('Who are you?')
    for (const number of [1, 2]) await field(`Model of column ${number}`).selectOption('starter')
    await settle(page)
    await whileTaken(async () => {
      await button('Run').click()
      await until(1, 2)
      const pills = [1, 2].map((number) => column(number).getByText(/^Place \d, about \d+ s$/))
      for (const pill of pills) await pill.waitFor()
      const places = await Promise.all(pills.map((pill) => pill.innerText()))
      assert.deepEqual(places.map((text) => text.slice(0, 7)).sort(), ['Place 1', 'Place 2'])
      await takePicture(page, 'queue-playground')
      await page.emulateMedia({ colorScheme: 'dark' })
      await takePicture(page, 'queue-playground-dark')
      await page.setViewportSize(PHONE)
      await column(1).scrollIntoViewIfNeeded()
      await settle(page)
      await takePicture(page, 'queue-playground-phone')
      await page.setViewportSize(DESK)
      await page.emulateMedia({ colorScheme: 'light' })
    })
    for (const number of [1, 2]) await column(number).getByText('Done', { exact: true }).waitFor()
  })

  step('the models page says who waits, and for how long', async () => {
    let next
    await whileTaken(async () => {
      next = ask()
      await until(1, 1)
      await page.goto(`${node.url}/admin/models`)
      const queue = page.locator('section').filter({ has: page.getByRole('heading', { name: 'Queue', exact: true }) })
      await queue.getByText('1 answer is being written').waitFor()
      await queue.getByText(/^next, in \d+\s(s|min)/).waitFor()
      await queue.getByText(/^waiting for \d/).waitFor()
      await settle(page)
      await takePicture(page, 'queue-models')
      await page.setViewportSize(PHONE)
      await queue.scrollIntoViewIfNeeded()
      await settle(page)
      await takePicture(page, 'queue-models-phone')
      await page.setViewportSize(DESK)
    })
    await next
    await until(0, 0)
    await page.getByText('Nobody waits. Answers start at once.').waitFor()
  })

  step('the chat says it where the answer will stand', async () => {
    await page.goto(`${node.url}/chat/${ve}`)
    await field('Message Ines').fill('Who are you?')
    await whileTaken(async () => {
      await page.keyboard.press('Enter')
      await until(1, 1)
      await page
        .getByText(/^Next in the queue, about \d+ s$/)
        .first()
        .waitFor()
      await takePicture(page, 'queue-chat')
    })
    await button('Stop').waitFor({ state: 'detached' })
    await settle(page)
  })
})
