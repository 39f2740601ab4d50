// A person writes a template, restores an older version, compares two models with it, judges the answers, and finds the judgement
// in the results. Every step goes on where the one before ended.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf } from './visitor.mjs'

const NAME = 'Introduce yourself'

describe('prompts and playground', () => {
  const place = scope({ after })
  const problems = []
  let page

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    const node = await RunningNode.start(place, dataDir)
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser)
    page = await openTab(context, node.url, problems)
    await signIn(page, node.url, administrator)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const link = (name) => page.getByRole('link', { name, exact: true })
  const heading = (name) => page.getByRole('heading', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const tab = (name) => page.getByRole('tab', { name })
  const column = (number) => page.locator(`[data-column="${number}"]`)

  step('writes a template whose names are declared with a click', async () => {
    await link('Prompts').click()
    await link('New template').first().click()
    await field('Name').fill(NAME)
    await field('Text').fill('You talk to {{name}}. Say who you are.')
    await button('Declare name').click()
    await field('Label for people').fill('Visitor')
    await field('Visitor').fill('{{name}} & Co')
    await page.getByText('You talk to {{name}} & Co. Say who you are.').waitFor()
    await button('Create template').click()
    await heading(NAME).waitFor()
  })

  step('is told what does not render before it can be saved', async () => {
    await tab('Edit').click()
    await field('Text').fill('You talk to {{Name}}.')
    await page.getByText(/Line 1, column 13: `Name` is not the name of a variable/).waitFor()
    await field('Text').fill('You talk to {{name}}. Say who you are, in one sentence.')
    await field('What changed').fill('Shorter')
    await button('Save as version 2').click()
    await button('Save as version 3').waitFor()
  })

  step('sees what changed and restores the first version', async () => {
    await tab(/^Versions/).click()
    await page.getByText('Changes from version 1 to version 2').waitFor()
    assert.equal(await page.locator('ins').first().innerText(), 'You talk to {{name}}. Say who you are, in one sentence.')
    await button('Restore version 1').click()
    await page.getByRole('dialog').getByRole('button', { name: 'Restore', exact: true }).click()
    await page.getByText('Brought back from version 1').waitFor()
  })

  step('compares two settings of a model with the template', async () => {
    await tab('Fill in').click()
    await link('Try in the playground').click()
    await field('Visitor').waitFor()
    await settle(page)
    await field('Visitor').fill('Robin')
    await button('Run').click()
    await page.waitForURL(/run=plr_/)
    for (const number of [1, 2]) await column(number).getByText('Done', { exact: true }).waitFor()
    const speed = await column(1).getByRole('definition').nth(1).innerText()
    // One of the two is the fastest, and says so behind the figure.
    assert.match(speed.trim(), /^[\d.,]+(\s+Fastest)?$/)
  })

  step('judges with the keyboard and keeps it over a reload', async () => {
    await page.keyboard.press('2')
    await page.keyboard.press('+')
    await column(2)
      .getByRole('button', { name: /^Good answer, given/ })
      .waitFor()
    await page.keyboard.press('*')
    await column(2).getByRole('button', { name: 'Best of these', pressed: true }).waitFor()
    await column(2).getByRole('button', { name: 'Say why' }).click()
    await field('Why? (optional)').fill('To the point')
    await button('Save').click()
    await column(2).getByText('To the point').waitFor()
    await page.reload()
    await column(2).getByRole('button', { name: 'Best of these', pressed: true }).waitFor()
    await column(2).getByText('To the point').waitFor()
    assert.equal(await field('Visitor').inputValue(), 'Robin')
  })

  step('finds the judgement by agent and model, and saves the table', async () => {
    await tab('Satisfaction').click()
    const row = page.getByRole('row', { name: /Playground starter/ })
    await row.getByText('1 of 2').waitFor()
    await row.getByRole('img', { name: /^100% up, between 21% and 100%$/ }).waitFor()
    const [file] = await Promise.all([page.waitForEvent('download'), button('Export CSV').click()])
    const saved = fs.readFileSync(await file.path(), 'utf8')
    assert.match(saved, /\r\nPlayground,starter,1,1,1,0\.2065,1,2,1,/)
    await row.getByRole('button', { name: /^1 reason for/ }).click()
    await page.getByRole('dialog').getByText('To the point').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Close' }).click()
  })

  step('opens the run again from the list, and deletes it', async () => {
    await tab('Earlier runs').click()
    await page.getByRole('button', { name: /^Delete the run of/ }).click()
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('No runs yet').waitFor()
    await settle(page)
  })
})
