// The story of a licence in the browser: trial, a file that is checked and used, a lease by file, a report, the end.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { armoured, crl, lease, license, payloadOf, sign } from '../harness/vendor.mjs'
import { openBrowser, openContext, openTab, settle, takePicture } from './visitor.mjs'

describe('a licence from trial to renewal', () => {
  const place = scope({ after })
  const problems = []
  const bought = license({
    entitlements: { 'agents.max': 1, 'seats.named': 5 },
    lease: { required: true, max_days: 30, first_use_days: 7 },
  })
  let folder
  let page
  let caller

  before(async () => {
    folder = temporaryFolder(place)
    const dataDir = path.join(folder, 'data')
    const administrator = await init(dataDir)
    const { key } = await createApiKey(dataDir, administrator.email)
    const node = await RunningNode.start(place, dataDir)
    process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'
    caller = new Caller(node.url, key)
    const browser = await openBrowser()
    place.after(() => browser.close())
    const context = await openContext(browser, { acceptDownloads: true })
    page = await openTab(context, node.url, problems)
    await page.goto(`${node.url}/signin?next=/admin/licence`)
    await page.getByLabel('E-mail', { exact: true }).fill(administrator.email)
    await page.getByLabel('Password', { exact: true }).fill(administrator.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL((url) => url.pathname === '/admin/licence')
  })

  const heading = (name) => page.getByRole('heading', { name, exact: false }).waitFor()
  const button = (name) => page.getByRole('button', { name, exact: true })
  /** Presses something that saves a file; returns its text. */
  async function saved(press) {
    const [download] = await Promise.all([page.waitForEvent('download'), press()])
    return fs.readFileSync(await download.path(), 'utf8')
  }
  async function choose(name, text) {
    const file = path.join(folder, name)
    fs.writeFileSync(file, text)
    await page.locator('input[type=file]').setInputFiles(file)
  }

  test('a trial of everything, and whose keys are trusted', async () => {
    await heading('Trial, ')
    await page.getByText('Everything there is').waitFor()
    await page.getByText('Development', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'story-licence-trial', { fullPage: true })
  })

  test('a file is checked before anything changes, and then used', async () => {
    await choose('forged.lic', sign('license', bought).replace(/"sig":"..../, '"sig":"AAAA'))
    await page.getByRole('alert').filter({ hasText: 'does not fit what was signed' }).waitFor()
    await page.getByLabel('Or paste the text').fill(armoured('license', bought))
    await button('Check it').click()
    await page.getByText('The signature is right').waitFor()
    await page.getByText('Nothing has changed yet.').waitFor()
    assert.equal((await caller.get('/api/license')).state, 'trial')
    await button('Use it').click()
    await heading('Your licence is valid')
    await page.getByText('Loaded', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'story-licence-loaded', { fullPage: true })
    await button('Load another').click()
  })

  test('a request leaves by file and a lease comes back', async () => {
    const text = await saved(() => button('Make a request file').click())
    await button('Read it').click()
    await page.getByText(bought.license_id).last().waitFor()
    await page.keyboard.press('Escape')
    await choose('node.lease', sign('lease', lease(bought, payloadOf(text))))
    await page.getByText(`A lease for licence ${bought.license_id}.`).waitFor()
    await button('Use it').click()
    await page.getByText('The present lease is valid until').waitFor()
    await button('Load another').click()
  })

  test('the next hire is refused with words, and nobody else', async () => {
    const hire = () => caller.json('POST', '/api/marketplace/agents/invoice-clerk/hire', { body: {} })
    assert.equal((await hire()).status, 201)
    assert.equal((await hire()).body.error.code, 'license_restricted')
  })

  test('a report is read before it leaves', async () => {
    await page.getByRole('tab', { name: 'Usage reports' }).click()
    await button('Read the next report').click()
    await page.getByText('"daily"').waitFor()
    await page.keyboard.press('Escape')
    const text = await saved(() => button('Export').click())
    assert.equal(payloadOf(text).seq, 1)
    await page.getByText('exported', { exact: true }).waitFor()
  })

  test('a revocation is told on every page, and a renewal ends it', async () => {
    const revoked = [{ license_id: bought.license_id, reason: 'refunded', at: bought.issued_at, effect: 'restrict_new' }]
    const load = (kind, value) => caller.json('POST', '/api/license/import', { body: { text: sign(kind, value) } })
    assert.equal((await load('crl', crl(1, revoked))).body.state, 'restrict_new')
    // The banner comes by the node's own news, without a reload.
    await page.getByText('The licence has ended: nobody new can be hired or added.').waitFor()
    await page.getByRole('tab', { name: 'Overview' }).click()
    await heading('Nothing new until a renewal is loaded')
    await settle(page)
    await takePicture(page, 'story-licence-restricted', { fullPage: true })
    await load('license', license({ license_id: 'lic_next', supersedes: [bought.license_id] }))
    await heading('Your licence is valid')
    await page.getByText('The licence has ended: nobody new can be hired or added.').waitFor({ state: 'detached' })
    await page.getByRole('tab', { name: 'History' }).click()
    await page.getByText('Revocation list 1 was loaded').waitFor()
    assert.deepEqual(
      problems.filter((problem) => !problem.includes('status of 4')),
      [],
    )
  })
})
