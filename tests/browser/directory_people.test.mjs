// What a directory says of people and the node does not take over: its page tells of whom, why and what to do, until it is taken. And an
// organisation whose only administrator the directory took away: the list tells it, and the line it shows lets somebody in.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { Caller } from '../harness/api.mjs'
import { groupDn, personDn, RunningDirectory } from '../harness/directory.mjs'
import { accept, join } from '../harness/people.mjs'
import { createApiKey, init, RunningNode, run, scope, temporaryFolder } from '../harness/program.mjs'
import {
  closeNotices,
  forgive,
  openBrowser,
  openContext,
  openTab,
  settle,
  storyOf,
  takePicture,
  takePicturesElsewhere,
} from './visitor.mjs'

const PASSWORD = 'a password of her own 42'
const PIA = { email: 'pia@partner.test', password: PASSWORD, name: 'Pia Partner' }
const OLGA = { email: 'olga@bakery.test', name: 'Olga Oven' }
const NEW_NAME = 'Ana Alvarez de la Vega'

describe('what a directory says of people', () => {
  const place = scope({ after })
  const problems = []
  let administrator, browser, dataDir, directory, node, page, partner, source

  before(async () => {
    dataDir = path.join(temporaryFolder(place), 'data')
    administrator = await init(dataDir)
    directory = await RunningDirectory.start(place)
    node = await RunningNode.start(place, dataDir, '--insecure-http')
    const caller = new Caller(node.url, (await createApiKey(dataDir, administrator.email)).key)
    const post = async (where, body) => {
      const made = await caller.json('POST', where, { body })
      assert.equal(made.status, 201, `${where}: ${JSON.stringify(made.body)}`)
      return made.body
    }
    const logistics = await post('/api/admin/organisations', { name: 'Partner Logistics', administrator_email: PIA.email })
    await accept(caller, logistics.invitation, PIA)
    partner = new Caller(node.url, (await createApiKey(dataDir, PIA.email)).key)
    await join(partner, { email: 'cleo@example.org', password: PASSWORD }, { name: 'Cleo Courier' })
    const bakery = await post('/api/admin/organisations', { name: 'Bakery', administrator_email: OLGA.email })
    const here = (await caller.get('/api/session')).organisation.id
    const group_map = [
      { group: groupDn('staff'), organisation_id: here, role: 'staff' },
      { group: groupDn('unique'), organisation_id: bakery.id, role: 'admin' },
    ]
    source = await post('/api/admin/directories', directory.settings({ name: 'Staff directory', group_map }))
    directory.change(robin(administrator.email))
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await comesIn(page, administrator.email, administrator.password)
  })

  const step = storyOf(() => page, problems)
  const tab = async () => openTab(await openContext(browser), node.url, problems)
  const button = (on, name) => on.getByRole('button', { name, exact: true })
  const asks = async (on, login, password) => {
    await on.goto(`${node.url}/signin`)
    await on.getByLabel('E-mail or user name', { exact: true }).fill(login)
    await on.getByLabel('Password', { exact: true }).fill(password)
    await button(on, 'Sign in').click()
  }
  const comesIn = async (on, login, password) => {
    await asks(on, login, password)
    await on.waitForURL((url) => url.pathname === '/')
  }
  const list = () => page.getByRole('list', { name: 'Not taken over', exact: true })
  const entry = (words) => list().getByRole('listitem').filter({ hasText: words })
  const refresh = async () => {
    await page.goto(`${node.url}/admin/sign-in/directories/${source.id}`)
    await button(page, 'Refresh now').click()
    await button(page, 'Refreshing').waitFor({ state: 'detached' })
    await button(page, 'Refresh now').waitFor()
  }

  /** Somebody at the machine types the line that is shown, and whom it is for comes in by the password that it prints. */
  const letIn = async ({ email, name }, line) => {
    const words = line
      .replace('ADDRESS', email)
      .replace('NAME', name)
      .match(/"[^"]*"|\S+/g)
    const [program, ...parameters] = words.map((word) => word.replaceAll('"', ''))
    assert.equal(program, 'guildhall')
    const done = await run(...parameters, '--data-dir', dataDir)
    assert.equal(done.code, 0, `${line}: ${done.stderr}`)
    const olga = await tab()
    const given = /temporary password: (\S+)/.exec(done.stdout)[1]
    await asks(olga, email, given)
    await olga.getByLabel('Password you were given', { exact: true }).fill(given)
    await olga.getByLabel('New password', { exact: true }).fill(PASSWORD)
    await button(olga, 'Save and go on').click()
    await olga.waitForURL((url) => url.pathname === '/')
    await olga.goto(`${node.url}/admin/people`)
    await olga.getByRole('list', { name: 'People of Bakery' }).getByText(email).waitFor()
    await olga.context().close()
  }

  step('has nothing to tell at first', async () => {
    await page.goto(`${node.url}/admin/sign-in/directories/${source.id}`)
    await page.getByText('Everything that is said of people here is taken over.', { exact: true }).waitFor()
  })

  step('turns away whose address is another organisation’s, or an administrator’s', async () => {
    const cleo = await tab()
    await asks(cleo, 'cleo', 'cleo-password')
    await cleo.getByRole('alert').getByText('has an account in another organisation of this node', { exact: false }).waitFor()
    await settle(cleo)
    await takePicture(cleo, 'directory-turned-away')
    await asks(cleo, 'robin', 'robin-password')
    await cleo.getByRole('alert').getByText('an administrator of this node has this e-mail address', { exact: false }).waitFor()
    await cleo.context().close()
    forgive(problems, 409)
  })

  step('keeps the name of whom another organisation has too', async () => {
    const ana = await tab()
    await comesIn(ana, 'ana', 'ana-password')
    const invited = await partner.json('POST', '/api/admin/invitations', { body: { role: 'normal', email: 'ana@example.org' } })
    await ana.goto(invited.body.url.replace(/^.*\/invitation/, `${node.url}/invitation`))
    await button(ana, 'Join').click()
    await ana.waitForURL((url) => url.pathname === '/')
    await ana.context().close()
    directory.replace(personDn('ana'), 'cn', NEW_NAME)
    await refresh()
    await page.getByText('1 could not be taken over', { exact: false }).waitFor()
  })

  step('tells on the directory’s page of whom, why and what to do', async () => {
    await entry('cleo@example.org').getByText('account in another organisation', { exact: false }).waitFor()
    await entry(administrator.email).getByText('administrator of this node', { exact: false }).waitFor()
    await entry(NEW_NAME).getByText('Name and e-mail address stay as they are', { exact: false }).waitFor()
    assert.equal(await list().getByRole('listitem').count(), 3)
    await page.getByText('It stays in this list until it is done.', { exact: false }).waitFor()
    await closeNotices(page)
    await settle(page)
    await takePicture(page, 'not-taken-over', { fullPage: true })
    await takePicturesElsewhere(page, 'not-taken-over', list())
  })

  step('forgets it once it is taken', async () => {
    directory.replace(personDn('ana'), 'cn', 'Ana Alvarez')
    await refresh()
    await entry(NEW_NAME).waitFor({ state: 'detached' })
    assert.equal(await list().getByRole('listitem').count(), 2)
  })

  step('lets the directory’s administrator of an organisation withdraw its first invitation', async () => {
    const ben = await tab()
    await comesIn(ben, 'ben', 'ben-password')
    await ben.goto(`${node.url}/admin/people?tab=invitations`)
    await button(ben, `Withdraw the invitation for ${OLGA.email}`).click()
    await button(ben.getByRole('dialog').last(), 'Withdraw').click()
    await ben.getByText('Withdrawn', { exact: true }).waitFor()
    await ben.context().close()
    await page.goto(`${node.url}/admin/organisations`)
    const row = page.getByRole('listitem').filter({ hasText: 'Bakery' })
    await row.waitFor()
    assert.equal(await row.getByText('No administrator').count(), 0, 'somebody of the directory administers it')
  })

  step('says that an organisation has lost its administrator, and the way out', async () => {
    directory.replace(groupDn('unique'), 'uniqueMember', personDn('emil'))
    await refresh()
    await page.getByText('1 lost access to an organisation', { exact: false }).waitFor()
    await page.goto(`${node.url}/admin/organisations`)
    const row = page.getByRole('listitem').filter({ hasText: 'Bakery' })
    await row.getByText('No administrator', { exact: true }).waitFor()
    await row.getByText('Nobody can administer it.', { exact: false }).waitFor()
    await settle(page)
    await takePicture(page, 'organisations-orphaned')
    await takePicturesElsewhere(page, 'organisations-orphaned')
    const line = await row.locator('code').innerText()
    await letIn(OLGA, line)
    await page.reload()
    await row.waitFor()
    assert.equal(await row.getByText('No administrator').count(), 0)
  })
})

/** Somebody of the directory who has the address of somebody else, and is among its staff. */
const robin = (email) => `dn: ${personDn('robin')}
changetype: add
objectClass: inetOrgPerson
uid: robin
cn: Robin Reeve
sn: Reeve
mail: ${email}
userPassword: robin-password

dn: ${groupDn('staff')}
changetype: modify
add: member
member: ${personDn('robin')}
`
