// The licence server's portals: every page in light, dark and at phone size (axe, no sideways scrolling, nothing on the console, a picture),
// and the exchange by file as a customer does it.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { ADMINISTRATOR, furnish, InstallKey, startLicenseServer } from '../harness/license_server.mjs'
import { scope, temporaryFolder } from '../harness/program.mjs'
import { DESK, openBrowser, openContext, openTab, PHONE, scrollsSideways, settle, takePicture } from './visitor.mjs'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const VENDOR = {
  licences: '/',
  licence: '/licences/{licence}',
  customers: '/customers',
  customer: '/customers/{customer}',
  plans: '/plans',
  reports: '/reports',
  signing: '/signing',
  revocations: '/revocations',
  log: '/log',
  staff: '/staff',
  keys: '/keys',
  webhooks: '/webhooks',
  audit: '/audit',
  missing: '/no-such-page',
}
const CUSTOMER = { licences: '/', licence: '/licences/{licence}', reports: '/reports', 'not-for-customers': '/staff' }

describe('the portals', () => {
  const place = scope({ after })
  const problems = []
  let browser
  let server
  let names
  let code
  let node
  let licence

  before(async () => {
    server = await startLicenseServer(place, path.join(temporaryFolder(place), 'data'))
    const made = await furnish(server.post)
    licence = made.licence.id
    code = made.access.code
    names = { licence, customer: made.customer.id }
    node = new InstallKey()
    await server.post('/v1/activate', node.activationRequest(licence))
    const first = node.usageReport(licence, 1)
    const { sha256 } = await server.post('/v1/reports', first)
    await server.post('/v1/reports', node.usageReport(licence, 2, sha256))
    await server.post('/v1/reports', node.usageReport(licence, 2, 'ab'.repeat(32)))
    await server.post('/api/crl', { kind: 'key_id', subject: 'ab'.repeat(32), reason: 'lost', effect: 'warn', message: '' })
    await server.post('/api/webhooks', { url: 'http://localhost:9/hooks', kinds: ['licence.issued'] })
    browser = await openBrowser()
    place.after(() => browser.close())
  })

  async function signIn(who, options = { bypassCSP: true }) {
    const context = await openContext(browser, options)
    const page = await openTab(context, server.url, problems)
    await page.goto(server.url)
    if (who === 'staff') {
      await page.getByRole('button', { name: 'Staff', exact: true }).click()
      await page.getByLabel('E-mail', { exact: true }).fill(ADMINISTRATOR.email)
      await page.getByLabel('Password', { exact: true }).fill(ADMINISTRATOR.password)
    } else {
      await page.getByLabel('Access code', { exact: true }).fill(code)
    }
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.getByRole('heading', { name: 'Licences', exact: true }).waitFor()
    return page
  }

  /** Looks at one page in every way a person may see it. */
  async function look(page, name, address) {
    await page.setViewportSize(DESK)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(address)
    await settle(page)
    await examine(page, `${name}-light`)
    await page.emulateMedia({ colorScheme: 'dark' })
    await page.locator('[data-theme=dark]').waitFor({ state: 'attached' })
    await settle(page)
    await examine(page, `${name}-dark`)
    await page.setViewportSize(PHONE)
    await page.emulateMedia({ colorScheme: 'light' })
    await page.goto(address)
    await settle(page)
    await examine(page, `${name}-phone`)
  }

  async function examine(page, name) {
    await takePicture(page, name, { fullPage: true })
    if (await scrollsSideways(page)) problems.push(`${name} scrolls sideways`)
    const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
    for (const { id, help, nodes } of violations) {
      const places = nodes.slice(0, 3).map((found) => found.target.join(' '))
      problems.push(`${name}: ${id} (${help}) at ${places.join(' | ')}`)
    }
  }

  test('for strangers', async () => {
    const context = await openContext(browser, { bypassCSP: true })
    const page = await openTab(context, server.url, problems)
    await look(page, 'portal-signin', server.url)
    await context.close()
    assert.deepEqual(problems, [])
  })

  for (const [who, pages] of [
    ['staff', VENDOR],
    ['customer', CUSTOMER],
  ]) {
    test(`for ${who}`, async () => {
      problems.length = 0
      const page = await signIn(who)
      for (const [name, pattern] of Object.entries(pages)) {
        await look(page, `portal-${who}-${name}`, server.url + pattern.replace(/\{(\w+)\}/, (_, key) => names[key]))
      }
      await page.context().close()
      assert.deepEqual(problems, [])
    })
  }

  test('a customer turns an activation request into a lease, under the policy of the pages', async () => {
    problems.length = 0
    const page = await signIn('customer', { acceptDownloads: true })
    await page.getByRole('button', { name: 'Activate by file' }).click()
    await page.getByLabel('Or paste its text').fill(new InstallKey().activationRequest(licence))
    const [download] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'Get the lease' }).click()])
    const lease = JSON.parse(fs.readFileSync(await download.path(), 'utf8'))
    assert.equal(lease.payloadType, 'application/vnd.guildhall.lease.v1+json')
    const payload = JSON.parse(Buffer.from(lease.payload, 'base64').toString())
    assert.equal(payload.license_id, licence)
    await page.getByText('The lease is saved in your downloads').waitFor()
    await page.getByRole('button', { name: 'Done' }).click()
    await page.getByText('2/3').waitFor()
    await page.context().close()
    assert.deepEqual(problems, [])
  })

  test('staff revokes after a question, and the page says so', async () => {
    problems.length = 0
    const page = await signIn('staff', {})
    await page.goto(`${server.url}/licences/${licence}`)
    await page.getByRole('button', { name: 'Revoke', exact: true }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Reason').fill('contract cancelled')
    await takePicture(page, 'portal-staff-revoke')
    await dialog.getByRole('button', { name: 'Revoke', exact: true }).click()
    await page.getByText('The licence is revoked and the list is published').waitFor()
    await page.getByRole('button', { name: 'Renew' }).waitFor({ state: 'detached' })
    await page.context().close()
    assert.deepEqual(problems, [])
  })
})
