// Coming in and going on: an invitation accepted as whoever is signed in, organisations made for others and for oneself, a certificate
// for a program. Every step goes on where the one before ended.
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { join } from '../harness/people.mjs'
import { createApiKey, init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { forgive, openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture, takePicturesElsewhere } from './visitor.mjs'

const PASSWORD = 'a password of her own 42'
const OLGA = { email: 'olga@bakery.test', password: PASSWORD }
const NELL = { email: 'nell@example.test', password: PASSWORD }

describe('coming in and going on', () => {
  const place = scope({ after })
  const problems = []
  let browser, caller, folder, node, owner, page

  before(async () => {
    folder = temporaryFolder(place)
    const dataDir = path.join(folder, 'data')
    owner = await init(dataDir)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    caller = new Caller(node.url, (await createApiKey(dataDir, owner.email)).key)
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await comesIn(owner)
  })

  const step = storyOf(() => page, problems)
  const tab = async () => openTab(await openContext(browser), node.url, problems)
  const comesIn = async (person) => {
    const opened = await tab()
    await signIn(opened, node.url, person)
    return opened
  }
  const button = (on, name) => on.getByRole('button', { name, exact: true })
  const field = (on, name) => on.getByLabel(name, { exact: true })
  const dialog = () => page.getByRole('dialog').last()
  const heading = (on, name) => on.getByRole('heading', { name, exact: true })
  const post = async (where, body) => {
    const answer = await caller.json('POST', where, { body })
    assert.ok(answer.status < 300, `${where}: ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  let link

  step('makes an organisation for somebody who is not here yet', async () => {
    await page.goto(`${node.url}/admin/organisations`)
    await button(page, 'Add an organisation').click()
    await field(dialog(), 'Name').fill('Bakery')
    const add = button(dialog(), 'Add an organisation')
    assert.equal(await add.isDisabled(), true, 'somebody has to administer it')
    await field(dialog(), 'E-mail of its first administrator').fill(OLGA.email)
    await settle(page)
    await takePicture(page, 'organisation-add')
    await add.click()
    link = (await dialog().locator('code').first().innerText()).trim()
    assert.match(link, /\/invitation#/)
    await takePicture(page, 'organisation-invited')
    await button(dialog(), 'Done').click()
    await page.getByText('Waits for its administrator', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'organisations-waiting')
    await takePicturesElsewhere(page, 'organisations-waiting')
  })

  step('is new, and makes an account by the link', async () => {
    const olga = await tab()
    await olga.goto(link)
    await heading(olga, 'You are invited to Bakery').waitFor()
    await settle(olga)
    await takePicture(olga, 'invitation-new')
    await takePicturesElsewhere(olga, 'invitation-new')
    await field(olga, 'Full name').fill('Olga Oven')
    await field(olga, 'Password').fill(OLGA.password)
    await button(olga, 'Join').click()
    await olga.waitForURL((url) => url.pathname === '/')
    await olga.goto(`${node.url}/admin/people`)
    // On a node of several organisations she invites, whoever it is.
    await button(olga, 'Add a person').click()
    const asked = olga.getByRole('dialog').last()
    await field(asked, 'Full name').fill('Nell')
    await field(asked, 'E-mail').fill(NELL.email)
    await button(asked, 'Add').click()
    await button(asked, 'Invite instead').click()
    forgive(problems, 409)
    const invite = olga.getByRole('dialog').last()
    assert.equal(await field(invite, 'E-mail (optional)').inputValue(), NELL.email)
    await button(invite, 'Make the link').click()
    link = (await olga.getByRole('dialog').last().locator('code').first().innerText()).trim()
    await olga.context().close()
  })

  step('sees whom the directory names and another organisation has, and invites them', async () => {
    const rules = await caller.json('PUT', '/api/admin/scim', { body: { default_role: 'normal', group_roles: [] } })
    assert.equal(rules.status, 200, JSON.stringify(rules.body))
    const { secret } = await post('/api/admin/scim-tokens', { name: 'provisioning' })
    const directory = new Caller(node.url, secret)
    const body = { userName: 'olga', displayName: 'Olga Oven', active: true, emails: [{ value: OLGA.email }] }
    const made = await directory.json('POST', '/scim/v2/Users', {
      body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], ...body },
    })
    assert.equal(made.status, 201, JSON.stringify(made.body))
    await page.goto(`${node.url}/admin/people?tab=invitations`)
    const awaited = page.getByRole('list', { name: 'Awaited', exact: true })
    await awaited.getByText(OLGA.email, { exact: false }).waitFor()
    await settle(page)
    await takePicture(page, 'people-awaited')
    await takePicturesElsewhere(page, 'people-awaited')
    await button(awaited, 'Invite Olga Oven').click()
    assert.equal(await field(dialog(), 'E-mail (optional)').inputValue(), OLGA.email)
    await page.keyboard.press('Escape')
    // The directory takes its word back, and the page hears of it.
    const gone = await directory.send('DELETE', `/scim/v2/Users/${made.body.id}`)
    assert.equal(gone.status, 204)
    await awaited.waitFor({ state: 'detached' })
  })

  step('joins as who is signed in, without a password', async () => {
    await join(caller, NELL, { name: 'Nell North' })
    const nell = await comesIn(NELL)
    await nell.goto(link)
    await nell.getByText('You are signed in as', { exact: false }).waitFor()
    assert.equal(await nell.locator('input[type=password]').count(), 0)
    await settle(nell)
    await takePicture(nell, 'invitation-signed-in')
    await takePicturesElsewhere(nell, 'invitation-signed-in')
    await button(nell, 'Join').click()
    await nell.waitForURL((url) => url.pathname === '/')
    const session = await nell.evaluate(() => fetch('/api/session').then((answer) => answer.json()))
    assert.equal(session.organisation.name, 'Bakery')
    assert.equal(session.organisations.length, 2)
    await nell.context().close()
  })

  step('is somebody else, signs out and signs in as whom it is for', async () => {
    const made = await post('/api/admin/invitations', { role: 'viewer', email: OLGA.email })
    const wrong = await comesIn(NELL)
    await wrong.goto(made.url.replace(/^.*\/invitation/, `${node.url}/invitation`))
    await wrong.getByText('The invitation is for', { exact: false }).waitFor()
    assert.equal(await button(wrong, 'Join').count(), 0)
    await settle(wrong)
    await takePicture(wrong, 'invitation-another')
    await button(wrong, 'Sign out and go on as somebody else').click()
    await button(wrong, 'I have an account').click()
    await settle(wrong)
    await takePicture(wrong, 'invitation-known')
    await wrong.getByRole('link', { name: 'Sign in first', exact: true }).click()
    await field(wrong, 'E-mail').fill(OLGA.email)
    await field(wrong, 'Password').fill(OLGA.password)
    await button(wrong, 'Sign in').click()
    // The way back is known, and the link's secret with it.
    await wrong.waitForURL((url) => url.pathname === '/invitation')
    await button(wrong, 'Join').click()
    await wrong.waitForURL((url) => url.pathname === '/')
    const session = await wrong.evaluate(() => fetch('/api/session').then((answer) => answer.json()))
    assert.equal(session.role, 'viewer')
    await wrong.context().close()
  })

  step('lost the last organisation and makes one of her own', async () => {
    await caller.json('PUT', '/api/admin/sign-up', { body: { mode: 'open', allowed_domains: [], blocked_domains: [] } })
    const lone = { email: 'lone@example.test', password: PASSWORD }
    const joined = await join(caller, lone, { name: 'Lone Wolf' })
    const removed = await caller.json('DELETE', `/api/admin/people/${joined.person.id}`)
    assert.equal(removed.status, 204)
    const lost = await tab()
    await lost.goto(`${node.url}/signin`)
    await field(lost, 'E-mail').fill(lone.email)
    await field(lost, 'Password').fill(lone.password)
    await button(lost, 'Sign in').click()
    await lost.getByRole('alert').getByText('belong to no organisation', { exact: false }).waitFor()
    await settle(lost)
    await takePicture(lost, 'signin-no-organisation')
    await lost.getByRole('link', { name: 'Make one of your own', exact: true }).first().click()
    await heading(lost, 'An organisation of your own').waitFor()
    await settle(lost)
    await takePicture(lost, 'own-organisation')
    await takePicturesElsewhere(lost, 'own-organisation')
    await field(lost, 'E-mail').fill(lone.email)
    await field(lost, 'Password of your account').fill(lone.password)
    await button(lost, 'Make it and sign in').click()
    await lost.waitForURL((url) => url.pathname === '/')
    const session = await lost.evaluate(() => fetch('/api/session').then((answer) => answer.json()))
    assert.equal(session.organisation.name, 'Lone Wolf')
    await lost.context().close()
    forgive(problems, 403)
    // Nobody else sees it.
    const list = await caller.get('/api/admin/organisations')
    assert.equal(
      list.items.some((one) => one.name === 'Lone Wolf'),
      false,
    )
  })

  step('binds a certificate to a service account, sees whose it is, and takes it away', async () => {
    const pem = path.join(folder, 'client.pem')
    execFileSync('openssl', [
      ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '90'],
      ...['-subj', '/CN=robot.example.test', '-keyout', path.join(folder, 'client.key'), '-out', pem],
    ])
    const shown = execFileSync('openssl', ['x509', '-in', pem, '-noout', '-fingerprint', '-sha256'], { encoding: 'utf8' })
    const fingerprint = shown.trim().split('=')[1]
    await post('/api/admin/service-accounts', { name: 'Robot', role: 'viewer' })
    await page.goto(`${node.url}/admin/applications`)
    await page.getByRole('tab', { name: 'Service accounts', exact: true }).click()
    await page.getByRole('button', { name: /Robot/ }).first().click()
    const section = page.getByRole('region', { name: 'Client certificate', exact: true })
    await section.getByText('No certificate. It proves itself by its keys.', { exact: true }).waitFor()
    await button(section, 'Bind a certificate').click()
    // The key is not taken, and nothing is bound by it.
    await field(dialog(), 'Certificate').fill(fs.readFileSync(path.join(folder, 'client.key'), 'utf8'))
    await button(dialog(), 'Bind a certificate').click()
    await dialog().getByText('private key', { exact: false }).last().waitFor()
    forgive(problems, 400)
    await dialog().locator('input[type=file]').setInputFiles(pem)
    await settle(page)
    await takePicture(page, 'certificate-bind')
    await button(dialog(), 'Bind a certificate').click()
    await section.getByText('CN=robot.example.test', { exact: true }).waitFor()
    await section.getByText(fingerprint, { exact: true }).waitFor()
    await section.getByText('Valid until', { exact: false }).waitFor()
    await settle(page)
    await takePicture(page, 'certificate-bound')
    await takePicturesElsewhere(page, 'certificate-bound')
    await button(section, 'Remove the certificate').click()
    await button(dialog(), 'Remove the certificate').click()
    await section.getByText('No certificate. It proves itself by its keys.', { exact: true }).waitFor()
  })
})
