// An administrator connects a directory step by step, a person signs in by it, and programs get in by keys, service accounts and consent.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import http from 'node:http'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { request } from 'playwright-core'
import { BASE_DN, groupDn, READER, RunningDirectory } from '../harness/directory.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, storyOf, takePicture } from './visitor.mjs'

const PERSON = { login: 'ana', name: 'Ana Alvarez', password: 'ana-password' }

describe('the ways in, as an administrator sets them up', () => {
  const place = scope({ after })
  const problems = []
  let node
  let browser
  let page
  let directory
  /** A program without a browser: it has no cookies. */
  let program
  /** What another administrator works with. */
  let key

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    const administrator = await init(dataDir)
    ;({ key } = await createApiKey(dataDir, administrator.email))
    directory = await RunningDirectory.start(place)
    node = await RunningNode.start(place, dataDir)
    program = await request.newContext({ baseURL: node.url, ignoreHTTPSErrors: true })
    place.after(() => program.dispose())
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, 'E-mail', administrator.email, administrator.password)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const link = (name) => page.getByRole('link', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const heading = (name) => page.getByRole('heading', { name, exact: true })
  const dialog = () => page.getByRole('dialog').last()
  const inDialog = (name) => dialog().getByRole('button', { name, exact: true })
  const onward = () => button('Continue').click()
  const statusOf = async (secret, address = '/api/ves') => {
    const answer = await program.get(address, { headers: { authorization: `Bearer ${secret}` } })
    return answer.status()
  }

  async function signIn(tab, label, login, password) {
    await tab.goto(`${node.url}/signin`)
    await tab.getByLabel(label, { exact: true }).fill(login)
    await tab.getByLabel('Password', { exact: true }).fill(password)
    await tab.getByRole('button', { name: 'Sign in', exact: true }).click()
    await tab.waitForURL((url) => url.pathname === '/')
  }

  step('says where a directory is and who reads it', async () => {
    await page.goto(`${node.url}/admin/sign-in`)
    await link('Connect LDAP or Active Directory').click()
    await page.getByText('OpenLDAP', { exact: true }).click()
    await field('Name').fill('Staff directory')
    await onward()
    await heading('Where is it?').waitFor()
    await field('Server').fill(directory.url)
    await field('Certificates to trust').fill(directory.ca_pem)
    await settle(page)
    await takePicture(page, 'directory-connection')
    await onward()
    await field('Name of the service account').fill(READER.dn)
    await field('Password of the service account').fill('not the password')
    await onward()
    assert.equal(await field('Base DN').inputValue(), BASE_DN, 'the base is read from the account')
    await onward()
    await button('Add a group').click()
    await field('Group 1').fill(groupDn('staff'))
    await field('Role of group 1').selectOption('staff')
    await onward()
  })

  step('sees which step fails, mends it and sees all of them pass', async () => {
    await button('Test the connection').click()
    await page.getByText('It does not work yet.', { exact: true }).first().waitFor()
    const steps = page.getByRole('list', { name: 'Steps of the test of Staff directory' })
    await steps.getByText('The server lets the node in', { exact: true }).waitFor()
    await steps.getByRole('img', { name: 'Failed' }).waitFor()
    await settle(page)
    await takePicture(page, 'directory-test-failed')
    for (const title of ['Who gets which role?', 'Where are the people?', 'How may the node look people up?']) {
      await button('Back').click()
      await heading(title).waitFor()
    }
    await field('Password of the service account').fill(READER.password)
    for (const title of ['Where are the people?', 'Who gets which role?', 'Does it work?']) {
      await onward()
      await heading(title).waitFor()
    }
    await field('Sign-in of a person, if you like').fill(PERSON.login)
    await field('Their password, if you know it').fill(PERSON.password)
    await button('Test the connection').click()
    await page.getByText('Everything works.', { exact: true }).first().waitFor()
    await settle(page)
    await takePicture(page, 'directory-test-passed')
  })

  step('looks at who would get in, then opens it', async () => {
    await button('Save, still off').click()
    await heading('Who would get in?').waitFor()
    await button('Show what would happen').click()
    const row = page.getByRole('row').filter({ hasText: PERSON.name })
    await row.getByText('Gets in', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'directory-dry-run')
    await button('Let people sign in').click()
    await heading('Staff directory').waitFor()
    await button('Refresh now').click()
    await page.getByText(/ (person|people) in it$/).waitFor()
  })

  step('has a person sign in with their directory password', async () => {
    const tab = await openTab(await openContext(browser), node.url, problems)
    await signIn(tab, 'E-mail or user name', PERSON.login, PERSON.password)
    await tab.getByRole('button', { name: `Account menu of ${PERSON.name}`, exact: true }).waitFor()
    await tab.close()
  })

  step('is told who would lose access before deleting it', async () => {
    await button('Delete').click()
    await dialog().getByRole('list', { name: 'Who loses access' }).getByText(PERSON.name, { exact: true }).waitFor()
    await takePicture(page, 'directory-delete')
    await inDialog('Cancel').click()
    await link('Sign-in').first().click()
    await link('Staff directory').waitFor()
    await page.getByText('People can sign in', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'sign-in-overview')
  })

  step('makes a key that may only read', async () => {
    await page.goto(`${node.url}/account?tab=keys`)
    await button('Create a key').click()
    await field('What is it for?').fill('Reports')
    await dialog().getByText('Only some of it', { exact: true }).click()
    await takePicture(page, 'key-scopes')
    await inDialog('Create a key').click()
    const secret = await dialog().locator('code', { hasText: /^ghk_/ }).innerText()
    await inDialog('I have copied it').click()
    await page.getByRole('row').filter({ hasText: 'Reports' }).getByText('Read', { exact: true }).waitFor()
    assert.equal(await statusOf(secret), 200)
    const refused = await program.post('/api/admin/people', {
      headers: { authorization: `Bearer ${secret}` },
      data: { email: 'x@example.test', display_name: 'X', role: 'staff' },
    })
    assert.equal(refused.status(), 403)
  })

  step('gives a program an account of its own, and stops it', async () => {
    await page.goto(`${node.url}/admin/applications`)
    await button('Add a service account').click()
    await field('Name').fill('Invoice import')
    await inDialog('Add a service account').click()
    await dialog().getByRole('heading', { name: 'Invoice import', exact: true }).waitFor()
    await inDialog('Make a key').click()
    await field('What is it for?').fill('Nightly run')
    await inDialog('Make a key').click()
    const secret = await dialog().locator('code', { hasText: /^ghk_/ }).innerText()
    await inDialog('I have copied it').click()
    await dialog().getByText('Nightly run', { exact: true }).waitFor()
    await takePicture(page, 'service-account')
    assert.equal(await statusOf(secret), 200)
    await dialog().getByRole('switch', { name: 'May be used' }).click()
    await dialog().getByRole('switch', { name: 'May be used', checked: false }).waitFor()
    assert.equal(await statusOf(secret), 401)
    await inDialog('Close').click()
    await page.getByText('Disabled', { exact: true }).waitFor()
  })

  let client
  let tokens

  step('registers an application', async () => {
    await page.getByRole('tab', { name: 'OAuth clients', exact: true }).click()
    await button('Add an OAuth client').click()
    await field('Name').fill('Notes')
    await dialog().getByText('Public', { exact: true }).click()
    await field('Redirect URIs').fill('http://127.0.0.1/back')
    await inDialog('Add an OAuth client').click()
    client = await dialog().locator('code').innerText()
    await inDialog('Done').click()
    await page.getByRole('list', { name: 'OAuth clients' }).getByText('Notes', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'oauth-clients')
  })

  step('sees at once what another administrator changes about applications', async () => {
    const headers = { authorization: `Bearer ${key}` }
    const data = {
      name: 'Ledger',
      kind: 'confidential',
      redirect_uris: ['https://ledger.example.test/back'],
      grants: ['authorization_code'],
      scopes: ['read'],
    }
    const made = await program.post('/api/admin/oauth-clients', { headers, data })
    assert.equal(made.status(), 201, await made.text())
    const listed = page.getByRole('list', { name: 'OAuth clients' }).getByText('Ledger', { exact: true })
    await listed.waitFor()
    const { client: other } = await made.json()
    assert.equal((await program.delete(`/api/admin/oauth-clients/${other.id}`, { headers })).status(), 204)
    await listed.waitFor({ state: 'detached' })
  })

  step('lets the application in after seeing what it wants', async () => {
    const back = await listen(place)
    const redirect_uri = `http://127.0.0.1:${back.port}/back`
    const verifier = crypto.randomBytes(32).toString('base64url')
    const asked = new URLSearchParams({
      ...{ client_id: client, redirect_uri, scope: 'read', state: '00123', response_type: 'code' },
      ...{ code_challenge: crypto.createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' },
    })
    const elsewhere = []
    const tab = await openTab(page.context(), node.url, elsewhere)
    await tab.goto(`${node.url}/oauth/authorize?${asked}`)
    await tab.getByRole('heading', { name: 'Let Notes in?', exact: true }).waitFor()
    await tab.getByText(/^Notes runs on your own computer/).waitFor()
    await settle(tab)
    await takePicture(tab, 'consent')
    assert.deepEqual(elsewhere, [])
    await tab.getByRole('button', { name: 'Allow', exact: true }).click()
    const answer = await back.answer
    assert.equal(answer.searchParams.get('state'), '00123', 'the state comes back as it was')
    await tab.close()
    const given = await program.post('/oauth/token', {
      form: {
        grant_type: 'authorization_code',
        client_id: client,
        code: answer.searchParams.get('code'),
        redirect_uri,
        code_verifier: verifier,
      },
    })
    assert.equal(given.status(), 200, await given.text())
    tokens = await given.json()
    assert.equal(await statusOf(tokens.access_token), 200)
  })

  step('withdraws what the application was allowed', async () => {
    await page.goto(`${node.url}/account?tab=applications`)
    await page.getByRole('list', { name: 'Applications' }).getByText('Notes', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'account-applications')
    await button('Withdraw access of Notes').click()
    await inDialog('Withdraw').click()
    await page.getByText('No application works in your name', { exact: true }).waitFor()
    assert.equal(await statusOf(tokens.access_token), 401)
  })

  step('connects a device by the code that it shows', async () => {
    await page.goto(`${node.url}/admin/applications?tab=clients`)
    await button('More for Notes').click()
    await page.getByRole('menuitem', { name: 'Change', exact: true }).click()
    await dialog()
      .getByRole('checkbox', { name: /^Shows a code to type in/ })
      .check()
    await inDialog('Save').click()
    await dialog().waitFor({ state: 'detached' })
    const started = await program.post('/oauth/device_authorization', { form: { client_id: client, scope: 'read' } })
    assert.equal(started.status(), 200, await started.text())
    const { device_code, user_code } = await started.json()
    await page.goto(`${node.url}/device`)
    await field('Code').fill(user_code.toLowerCase())
    await onward()
    await heading('Let Notes in?').waitFor()
    await settle(page)
    await takePicture(page, 'device')
    await button('Allow').click()
    await heading('Connected').waitFor()
    const form = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', client_id: client, device_code }
    const given = await program.post('/oauth/token', { form })
    assert.equal(given.status(), 200, await given.text())
  })

  step('keeps a model for some', async () => {
    await page.goto(`${node.url}/admin/policies`)
    await button('Change who may use Starter model').click()
    await dialog().getByText('Only some', { exact: true }).click()
    await dialog().getByLabel('Administrator', { exact: true }).check()
    await inDialog('Save').click()
    await dialog().waitFor({ state: 'detached' })
    await page.getByRole('list', { name: 'Models' }).getByText('Only', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'policies')
  })
})

/** An application that waits for the browser to come back to it. */
async function listen(place) {
  let arrived
  const answer = new Promise((resolve) => {
    arrived = resolve
  })
  const server = http.createServer((incoming, response) => {
    const url = new URL(incoming.url, 'http://127.0.0.1')
    if (url.pathname === '/back') arrived(url)
    response.end('back')
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  place.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { port: server.address().port, answer }
}
