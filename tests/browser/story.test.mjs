// The story of a person, from the set-up link to the last goodbye, in a browser against the real node. Every step goes on
// where the one before ended, so a step that fails ends the story.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { whileEnginesAreHeld } from './engines.mjs'
import { openBrowser, openContext, openTab, settle, storyOf } from './visitor.mjs'

const PERSON = { name: 'Robin Vale', email: 'robin@example.test', password: 'correct horse battery staple' }
const ORGANISATION = 'Linden & Vale'
const EMPLOYEE = 'Ada Lind'
const QUESTION = 'What should I check before I approve a supplier invoice?'
const SECOND_QUESTION = 'How do I notice that an invoice was sent twice?'

describe('the story of a person', () => {
  const place = scope({ after })
  const problems = []
  let node
  let context
  let page
  let persona

  before(async () => {
    node = await RunningNode.start(place, path.join(temporaryFolder(place), 'data'))
    const browser = await openBrowser()
    place.after(() => browser.close())
    context = await openContext(browser)
    page = await openTab(context, node.url, problems)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const link = (name) => page.getByRole('link', { name, exact: true })
  const heading = (name) => page.getByRole('heading', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const answers = (tab = page) => tab.getByRole('article', { name: EMPLOYEE, exact: true })

  /** Sends a question and waits until its answer is whole; returns the words of the answer. */
  async function ask(question) {
    const earlier = await answers().count()
    await field(`Message ${EMPLOYEE}`).fill(question)
    await button('Send').click()
    return finished(page, earlier)
  }

  async function finished(tab, index) {
    const answer = answers(tab).nth(index)
    await answer.waitFor()
    await answer.getByRole('button', { name: 'Copy answer' }).waitFor()
    return words(answer)
  }

  const words = (answer) => answer.locator('p, li').allInnerTexts()

  step('sets the node up with the link it printed', async () => {
    assert.ok(node.setupLink, node.lines.join('\n'))
    await page.goto(node.setupLink)
    await heading('What is your organisation called?').waitFor()
    assert.ok(!page.url().includes('token'), 'the secret stays in the address')
    await field('Organisation name').fill(ORGANISATION)
    await button('Continue').click()
    await field('Full name').fill(PERSON.name)
    await field('E-mail').fill(PERSON.email)
    await field('Password').fill(PERSON.password)
    await button('Create the administrator').click()
    await heading('How your employees will think').waitFor()
    await button('Open the hall').click()
    await heading('Ready to work').waitFor()
    await link('Look around the marketplace').click()
    await page.waitForURL('**/market')
  })

  step('finds an agent although the word is misspelt', async () => {
    const agent = await (await context.request.get(`${node.url}/api/marketplace/agents/invoice-clerk`)).json()
    persona = agent.default_persona_name
    await page.getByRole('searchbox', { name: 'Search employees' }).fill('invioce')
    await page.waitForURL('**/market?q=invioce')
    const first = page.getByRole('list', { name: 'Available now' }).getByRole('listitem').first()
    await first.getByRole('link', { name: persona, exact: true }).click()
    await heading(persona).waitFor()
  })

  step('reads in the handbook before hiring', async () => {
    await page.getByRole('tab', { name: /^Handbook/ }).click()
    const passages = page.getByRole('tabpanel').getByRole('listitem')
    const title = await passages.first().innerText()
    await passages.first().getByRole('button').click()
    const sheet = page.getByRole('dialog', { name: title.trim() })
    await sheet
      .getByText(/\w.{100,}/)
      .first()
      .waitFor()
    assert.ok((await sheet.innerText()).length > 200)
    await sheet.getByRole('button', { name: 'Close' }).click()
    await sheet.waitFor({ state: 'detached' })
  })

  step('hires the agent under a name of its own', async () => {
    await page
      .getByRole('link', { name: /^Hire / })
      .last()
      .click()
    await heading('What is the new colleague called?').waitFor()
    await field('Name').fill(EMPLOYEE)
    await button('Continue').click()
    await page.getByRole('radio', { name: /^Best available/ }).waitFor({ state: 'attached' })
    await button('Continue').click()
    await button('Continue').click()
    await button('Hire Ada').click()
    await heading('Ada is on the team').waitFor()
    await page.waitForURL('**/chat/ve_*/new')
  })

  step('watches an answer being written, with its sources', async () => {
    await field(`Message ${EMPLOYEE}`).waitFor()
    await page.evaluate(() => {
      window.lengths = new Set()
      const note = () => window.lengths.add(document.querySelector('[role=log] article:last-of-type')?.textContent.length)
      new MutationObserver(note).observe(document.body, { childList: true, subtree: true, characterData: true })
    })
    const answer = await ask(QUESTION)
    assert.ok(answer.join(' ').length > 80, answer.join(' '))
    const lengths = await page.evaluate(() => window.lengths.size)
    assert.ok(lengths >= 4, `the answer came in ${lengths} pieces`)
    await page.waitForURL('**/chat/ve_*/cnv_*')
  })

  step('opens a source and finds the quoted words in it', async () => {
    await answers().last().getByRole('button', { name: 'Open source 1' }).first().click()
    const sheet = page.getByRole('dialog')
    const quote = await sheet.locator('mark').innerText()
    assert.ok(quote.length > 10, quote)
    const shown = await answers().last().innerText()
    assert.ok(plain(shown).includes(plain(quote).slice(0, 40)), `"${quote}" is not what the answer says: ${shown}`)
    await sheet.getByRole('button', { name: 'Close' }).click()
    await sheet.waitFor({ state: 'detached' })
  })

  step('finds everything again after a reload', async () => {
    const before = await words(answers().last())
    await page.reload()
    await page.getByText(QUESTION, { exact: true }).first().waitFor()
    assert.deepEqual(await finished(page, 0), before)
  })

  step('sees the conversation go on in a second tab', async () => {
    const second = await openTab(context, node.url, problems)
    await second.goto(page.url())
    await finished(second, 0)
    const answer = await ask(SECOND_QUESTION)
    await second.getByText(SECOND_QUESTION, { exact: true }).first().waitFor()
    assert.deepEqual(await finished(second, 1), answer)
    await second.close()
  })

  step('stops an answer and keeps what was written', async () => {
    await whileEnginesAreHeld(node, async () => {
      await field(`Message ${EMPLOYEE}`).fill('Who may approve an invoice above the limit?')
      await button('Send').click()
      await button('Stop').click()
      await answers().last().getByText('Stopped. The text so far is kept.').waitFor()
    })
  })

  step('has an answer written again and can go back to the first one', async () => {
    await answers().last().getByRole('button', { name: 'Answer again' }).click()
    await answers().last().getByText('Version 2 of 2').waitFor()
    await answers().last().getByRole('button', { name: 'Earlier version' }).click()
    await answers().last().getByText('An earlier version.', { exact: false }).waitFor()
  })

  step('signs out, and in again', async () => {
    await button(`Account menu of ${PERSON.name}`).click()
    await page.getByRole('menuitem', { name: 'Sign out' }).click()
    await heading('Welcome back').waitFor()
    await field('E-mail').fill(PERSON.email)
    await field('Password').fill('not the password')
    await button('Sign in').click()
    await page.getByText('The e-mail or the password is not right.').waitFor()
    await field('Password').fill(PERSON.password)
    await button('Sign in').click()
    await link('Today').first().waitFor()
  })

  step('adds a colleague, whose password is shown once', async () => {
    await page.goto(`${node.url}/admin/people`)
    await button('Add a person').click()
    await field('Full name').fill('Sam Okafor')
    await field('E-mail').fill('sam@example.test')
    await page
      .getByRole('dialog')
      .getByRole('radio', { name: /^Staff/ })
      .check()
    await button('Add').click()
    await page.getByRole('dialog', { name: 'Sam Okafor can sign in now' }).waitFor()
    await button('Done').click()
    await page
      .getByRole('list', { name: `People of ${ORGANISATION}` })
      .getByText('sam@example.test')
      .waitFor()
  })

  step('loads a model and sees when it is ready', async () => {
    await page.goto(`${node.url}/admin/models`)
    await settle(page)
    const card = page.getByRole('listitem').filter({ has: heading('Guildhall starter') })
    await card.getByRole('button', { name: 'Load Guildhall starter' }).click()
    await card.getByText('Loaded', { exact: true }).waitFor()
    await card.getByRole('button', { name: 'Unload Guildhall starter' }).waitFor()
  })

  step('dismisses the employee, whose history stays readable', async () => {
    await page.goto(`${node.url}/team`)
    await button(`Actions for ${EMPLOYEE}`).click()
    await page.getByRole('menuitem', { name: 'Dismiss' }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Dismiss', exact: true }).click()
    await page.getByRole('tab', { name: /^Dismissed/ }).click()
    await link('Read history').click()
    await page.getByText('The history stays readable.', { exact: false }).waitFor()
    await settle(page)
    assert.equal(await field(`Message ${EMPLOYEE}`).count(), 0)
    await page.getByText(SECOND_QUESTION, { exact: true }).first().waitFor()
  })
})

/** Words as they are said: without white space and the numbers of sources. */
const plain = (text) => text.replaceAll(/\s+/g, ' ').trim()
