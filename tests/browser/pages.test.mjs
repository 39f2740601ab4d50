// Every page in light, dark and at phone size: axe (WCAG 2.2 AA), no sideways scrolling, nothing on the console, a picture.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe, test } from 'node:test'
import { AxeBuilder } from '@axe-core/playwright'
import { Caller } from '../harness/api.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { crl, DAY_MS, license, sign } from '../harness/vendor.mjs'
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
  prompts: '/prompts',
  'prompts-nothing-found': '/prompts?q=xylophone',
  'prompts-archived': '/prompts?archived=1',
  'prompt-new': '/prompts/new',
  prompt: '/prompts/{prompt}',
  'prompt-edit': '/prompts/{prompt}?tab=edit',
  'prompt-versions': '/prompts/{prompt}?tab=versions',
  playground: '/playground',
  'playground-run': '/playground?run={run}',
  'playground-template': '/playground?template={prompt}',
  'playground-runs': '/playground?tab=runs',
  'playground-results': '/playground?tab=results',
  account: '/account',
  'account-security': '/account?tab=security',
  'account-keys': '/account?tab=keys',
  'account-applications': '/account?tab=applications',
  people: '/admin/people',
  invitations: '/admin/people?tab=invitations',
  roles: '/admin/roles',
  'roles-nothing-found': '/admin/roles?q=xylophone',
  'sign-up-rules': '/admin/sign-up',
  'security-settings': '/admin/security',
  mail: '/admin/mail',
  'sign-in': '/admin/sign-in',
  'sign-in-directory-new': '/admin/sign-in/directories/new',
  'sign-in-directory': '/admin/sign-in/directories/{directory}',
  'sign-in-directory-settings': '/admin/sign-in/directories/{directory}?tab=settings',
  'sign-in-saml-new': '/admin/sign-in/saml/new',
  'sign-in-oidc-new': '/admin/sign-in/oidc/new',
  'sign-in-provider': '/admin/sign-in/providers/{provider}',
  'sign-in-provider-settings': '/admin/sign-in/providers/{provider}?tab=settings',
  applications: '/admin/applications',
  'applications-clients': '/admin/applications?tab=clients',
  'applications-scim': '/admin/applications?tab=scim',
  policies: '/admin/policies',
  'policies-authoriser': '/admin/policies?tab=authoriser',
  consent: '/oauth/authorize?{consent}',
  device: '/device',
  models: '/admin/models',
  'models-all-known': '/admin/models?known=all&fits=1',
  providers: '/admin/providers',
  'providers-fallbacks': '/admin/providers?tab=fallbacks',
  'providers-residency': '/admin/providers?tab=residency',
  'providers-calls': '/admin/providers?tab=calls',
  usage: '/admin/usage',
  'usage-models': '/admin/usage?by=model',
  'usage-table': '/admin/usage?by=ve&view=table',
  'usage-organisations': '/admin/usage?by=organisation',
  'usage-nothing': '/admin/usage?outcome=failed',
  limits: '/admin/limits',
  licence: '/admin/licence',
  'licence-usage': '/admin/licence?tab=usage',
  'licence-server': '/admin/licence?tab=online',
  'licence-history': '/admin/licence?tab=history',
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
    const pages = {
      signin: `${node.url}/signin`,
      'signin-failed': `${node.url}/signin?error=req_0HJ4`,
      'sign-up': `${node.url}/sign-up`,
      'invitation-without-link': `${node.url}/invitation`,
      'sign-up-verify': `${node.url}/sign-up/verify#a-token`,
      'password-reset': `${node.url}/password-reset`,
      'login-tested': `${node.url}/login-tested`,
      setup: empty.setupLink,
      'setup-without-link': `${empty.url}/setup`,
    }
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
  const said = await post(`/api/ves/${employee.id}/chat`, { message: 'What should I check before I approve a supplier invoice?' })
  await post(`/api/ves/${employee.id}/messages/${said.message.id}/rating`, { verdict: 'up', reason: 'Names its sources' })
  const prompt = await furnishPrompt(post)
  const run = await furnishRun(caller, post)
  await furnishAdmin(caller, post, employee)
  const ways = await furnishSignIn(caller, post)
  await furnishLicense(post)
  await node.stop()
  return { agent: 'invoice-clerk', employee: employee.id, prompt: prompt.id, run: run.id, ...ways }
}

/** A template with two versions. */
async function furnishPrompt(post) {
  const variables = [
    { name: 'customer', label: 'Customer', type: 'text', characters_max: 80 },
    { name: 'amount', label: 'Amount in EUR', type: 'number', number_min: 0 },
    { name: 'due', label: 'Due on', type: 'date', required: false },
    { name: 'tone', type: 'choice', options: ['friendly', 'firm'], default: 'friendly', help: 'How the letter sounds' },
  ]
  const first = await post('/api/prompts', {
    name: 'Payment reminder',
    description: 'A letter about an invoice that is not paid yet',
    body: 'Write a {{tone}} letter to {{customer}}.\nThe invoice of {{amount}} EUR was due on {{due}}.\nKeep it short.',
    variables,
    note: 'First words',
  })
  await post(`/api/prompts/${first.id}/versions`, {
    revision: first.revision,
    body: 'Write a {{tone}} letter to {{customer}}.\nThe invoice of {{amount}} EUR was due on {{due}}.\nKeep it under 120 words and offer help.',
    variables,
    note: 'A limit, and an offer',
  })
  return first
}

/** A run of two columns, ended and judged. */
async function furnishRun(caller, post) {
  const column = (temperature) => ({ model: 'starter', parameters: { max_tokens: 48, temperature } })
  const run = await post('/api/playground/runs', {
    system: 'You are Ada, an invoice clerk.',
    messages: [{ role: 'user', content: 'Who are you, and what can you do for me?' }],
    columns: [column(0), column(1)],
  })
  const stream = await caller.send('GET', `/api/playground/runs/${run.id}/stream`)
  await stream.text()
  const [first, second] = run.answers
  await post(`/api/playground/runs/${run.id}/answers/${first.id}/rating`, { verdict: 'up' })
  await post(`/api/playground/runs/${run.id}/answers/${second.id}/rating`, { verdict: 'down', reason: 'It rambles' })
  await post(`/api/playground/runs/${run.id}/best`, { answer_id: first.id })
  return run
}

/** A licence that is half over, a renewal that waits, a list, a request and a report. */
async function furnishLicense(post) {
  const load = (kind, value) => post('/api/license/import', { text: sign(kind, value) })
  const bought = license({ license_id: 'lic_7q2m_0418', lease: { required: true, max_days: 30, first_use_days: 14 } })
  await load('license', bought)
  const later = new Date(Date.now() + 300 * DAY_MS).toISOString()
  await load('license', { ...bought, serial: 2, not_before: later })
  await load('crl', crl(3))
  await post('/api/license/request', {})
  await post('/api/license/usage/export', {})
}

/** A limit, a provider that nobody calls, a chain, a rule and a mail server that nothing is sent by. */
async function furnishAdmin(caller, post, employee) {
  const put = async (address, body) => {
    const answer = await caller.json('PUT', address, { body })
    if (answer.status >= 300) throw new Error(`${address} answered ${answer.status}: ${JSON.stringify(answer.body)}`)
  }
  const people = await caller.get('/api/admin/people')
  await put(`/api/admin/quotas/person/${people.items[0].id}`, { tokens_per_day: 2000, requests_per_minute: 30, weight: 2 })
  await post('/api/admin/providers', {
    kind: 'openai_compatible',
    title: 'Cellar',
    slug: 'cellar',
    base_url: 'http://127.0.0.1:9/v1',
    local_network: true,
    credentials: { kind: 'none' },
    models: [{ name: 'local-8b', price: { input: 150_000, cached: 20_000, output: 600_000 } }],
  })
  await put('/api/admin/fallbacks/steady', { steps: ['cellar/local-8b', 'starter'] })
  await put('/api/admin/mail', { host: 'smtp.example.test', user: 'guildhall', password: 'a password', sender: 'guildhall@example.test' })
  await post('/api/admin/residency', { applies_to: { kind: 've', ve_id: employee.id }, keep_within: 'node' })
}

/** A directory and an identity provider that nobody uses yet, programs of every kind, a policy. */
async function furnishSignIn(caller, post) {
  const { organisation } = await caller.get('/api/session')
  const group_map = [{ group: 'staff', organisation_id: organisation.id, role: 'staff' }]
  const directory = await post('/api/admin/directories', {
    ...{ name: 'Staff directory', enabled: false, kind: 'openldap', urls: ['ldaps://ldap.example.test'] },
    ...{ base_dn: 'dc=example,dc=test', group_map },
  })
  const provider = await post('/api/admin/identity-providers', {
    ...{ kind: 'oidc', name: 'Single sign-on', enabled: false, group_map },
    oidc: { issuer: 'https://login.example.test', client_id: 'guildhall' },
  })
  const account = await post('/api/admin/service-accounts', { name: 'Invoice import', role: 'developer' })
  await post(`/api/admin/service-accounts/${account.id}/keys`, { name: 'Nightly run', scopes: ['read'] })
  const redirect_uri = 'https://notes.example.test/back'
  const { client } = await post('/api/admin/oauth-clients', {
    ...{ name: 'Notes', kind: 'public', redirect_uris: [redirect_uri] },
    ...{ grants: ['authorization_code', 'device'], scopes: ['read', 'chat'] },
  })
  await post('/api/admin/scim-tokens', { name: 'Entra ID' })
  const consent = new URLSearchParams({
    ...{ client_id: client.id, redirect_uri, scope: 'read chat', state: '1', response_type: 'code' },
    ...{ code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' },
  })
  return { directory: directory.id, provider: provider.id, consent: String(consent) }
}
