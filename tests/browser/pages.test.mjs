// Every page in light, dark and at phone size: axe (WCAG 2.2 AA), no sideways scrolling, nothing on the console, a picture.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { DESK, openBrowser, openContext, openTab, PHONE, scrollsSideways, settle, takePicture } from './visitor.mjs'

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
/** Name of the picture and address. `{…}` is filled in with what the node holds. */
const PAGES = {
  today: '/',
  market: '/market',
  'market-search': '/market?q=invoice',
  'market-nothing-found': '/market?q=xylophone',
  agent: '/agents/{agent}',
  'agent-handbook': '/agents/{agent}?tab=handbook',
  'agent-permissions': '/agents/{agent}?tab=permissions',
  'agent-manifest': '/agents/{agent}?tab=manifest',
  hire: '/hire/{agent}',
  team: '/team',
  'team-list': '/team?view=list',
  'team-dismissed': '/team?tab=dismissed',
  chat: '/chat/{employee}',
  'chat-new': '/chat/{employee}/new',
  account: '/account',
  'account-security': '/account?tab=security',
  'account-keys': '/account?tab=keys',
  people: '/admin/people',
  models: '/admin/models',
  organisations: '/admin/organisations',
  missing: '/no-such-page',
}

describe('every page', () => {
  const place = scope({ after })
  const problems = []
  let browser
  let node
  let administrator
  let names

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    administrator = await init(dataDir)
    names = await furnish(place, dataDir, administrator)
    node = await RunningNode.start(place, dataDir)
    browser = await openBrowser()
    place.after(() => browser.close())
  })

  test('for strangers', async () => {
    const empty = await RunningNode.start(place, path.join(temporaryFolder(place), 'data'))
    // axe is injected as a script, which the policy of the node would refuse; the story runs under the policy.
    const context = await openContext(browser, { bypassCSP: true })
    const pages = { signin: `${node.url}/signin`, setup: empty.setupLink, 'setup-without-link': `${empty.url}/setup` }
    for (const [name, address] of Object.entries(pages)) {
      const page = await openTab(context, new URL(address).origin, problems)
      await look(page, name, address)
      await page.close()
    }
    await context.close()
    assert.deepEqual(problems, [])
  })

  for (const [name, pattern] of Object.entries(PAGES)) {
    test(`${name} (${pattern})`, async () => {
      problems.length = 0
      const context = await signedIn()
      const page = await openTab(context, node.url, problems)
      await look(page, name, node.url + pattern.replace(/\{(\w+)\}/, (_, key) => names[key]))
      await page.close()
      assert.deepEqual(problems, [])
    })
  }

  let shared
  /** One signed-in window for all pages. */
  async function signedIn() {
    if (shared) return shared
    shared = await openContext(browser, { bypassCSP: true })
    const page = await shared.newPage()
    await page.goto(`${node.url}/signin`)
    await page.getByLabel('E-mail', { exact: true }).fill(administrator.email)
    await page.getByLabel('Password', { exact: true }).fill(administrator.password)
    await page.getByRole('button', { name: 'Sign in', exact: true }).click()
    await page.waitForURL((url) => url.pathname !== '/signin')
    await page.close()
    return shared
  }

  /** Looks at one page in every way a person may see it. */
  async function look(page, name, address) {
    await page.setViewportSize(DESK)
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
})

/** Fills a node with people, employees and conversations, all of them real; returns the names that addresses need. */
async function furnish(place, dataDir, administrator) {
  const { key } = await createApiKey(dataDir, administrator.email)
  const node = await RunningNode.start(place, dataDir, '--insecure-http')
  const caller = new Caller(node.url, key)
  const post = async (address, body) => {
    const answer = await caller.json('POST', address, { body })
    if (answer.status >= 300) throw new Error(`${address} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }
  await post('/api/admin/people', { email: 'sam@example.test', display_name: 'Sam Okafor', role: 'staff' })
  const employee = await post('/api/marketplace/agents/invoice-clerk/hire', { persona_name: 'Ada Lind' })
  await post('/api/marketplace/agents/contract-reviewer/hire', {})
  const leaving = await post('/api/marketplace/agents/support-triage/hire', {})
  await caller.send('DELETE', `/api/ves/${leaving.id}`)
  await post(`/api/ves/${employee.id}/chat`, { message: 'What should I check before I approve a supplier invoice?' })
  await node.stop()
  return { agent: 'invoice-clerk', employee: employee.id }
}
