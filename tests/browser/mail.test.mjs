// An administrator sets a mail server up and tries it; then an invitation, a forgotten password and a sign-up go by mail.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { linkIn, REFUSED, RunningMailServer, SENDER } from '../harness/mail_server.mjs'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, storyOf, takePicture } from './visitor.mjs'

const PASSWORD = 'correct horse battery staple'
const NEW_PASSWORD = 'quiet lantern over the marsh'

describe('mail of a node', () => {
  const place = scope({ after })
  const problems = []
  let node, browser, page, mailbox, administrator

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    administrator = await init(dataDir)
    mailbox = await RunningMailServer.start(place)
    node = await RunningNode.start(place, dataDir)
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, administrator.email, administrator.password)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const dialog = () => page.getByRole('dialog').last()
  const steps = () => page.getByRole('list', { name: 'Steps of the test' })

  async function signIn(tab, email, password) {
    await tab.goto(`${node.url}/signin`)
    await tab.getByLabel('E-mail', { exact: true }).fill(email)
    await tab.getByLabel('Password', { exact: true }).fill(password)
    await tab.getByRole('button', { name: 'Sign in', exact: true }).click()
    await tab.waitForURL((url) => url.pathname === '/')
  }
  const openElsewhere = async () => {
    const context = await openContext(browser)
    place.after(() => context.close())
    return openTab(context, node.url, problems)
  }

  step('sees that nothing is sent, and what that means', async () => {
    const stranger = await openElsewhere()
    await stranger.goto(`${node.url}/signin`)
    await stranger.getByRole('heading', { name: 'Welcome back', exact: true }).waitFor()
    assert.equal(await stranger.getByRole('link', { name: 'Forgot your password?', exact: true }).count(), 0)
    await stranger.close()
    await page.goto(`${node.url}/admin/mail`)
    await page.getByText('Not set up', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'mail-empty')
  })

  step('tries a server step by step before saving it', async () => {
    await field('Server').fill('127.0.0.1')
    await field('Port').fill(String(mailbox.port))
    await field('Sender').fill('guildhall@example.test')
    await field('User name').fill(SENDER.name)
    await page.locator('input[type=password]').fill('not the password')
    await button('Send a test mail').click()
    await page.getByText('It does not work yet.', { exact: true }).first().waitFor()
    await steps().getByText('The connection is encrypted', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'mail-test-tls')
    await page.getByText('The server’s certificate is from an authority of your own', { exact: true }).click()
    await field('Certificates to trust').fill(mailbox.ca_pem)
    await button('Send a test mail').click()
    await steps().getByRole('listitem').filter({ hasText: 'The server lets the node in' }).getByRole('img', { name: 'Failed' }).waitFor()
    await page.locator('input[type=password]').fill(SENDER.password)
    await field('Send it to').fill(REFUSED)
    await button('Send a test mail').click()
    await steps().getByRole('listitem').filter({ hasText: 'The recipient is accepted' }).getByRole('img', { name: 'Failed' }).waitFor()
    await settle(page)
    await takePicture(page, 'mail-test-failed')
    await field('Send it to').fill(administrator.email)
    await button('Send a test mail').click()
    await page.getByText('The mail is on its way.', { exact: true }).first().waitFor()
    const mail = await mailbox.next(administrator.email)
    assert.match(mail.from, /Guildhall <guildhall@example\.test>/)
    await settle(page)
    await takePicture(page, 'mail-test-passed')
  })

  step('saves it, and the password never comes back', async () => {
    await button('Save').click()
    await page.getByText('None was sent yet', { exact: true }).waitFor()
    await page.reload()
    await page.getByText('On', { exact: true }).first().waitFor()
    assert.equal(await page.locator('input[type=password]').inputValue(), '')
    assert.equal(await page.locator('input[type=password]').getAttribute('placeholder'), 'Unchanged')
    assert.ok(!(await page.content()).includes(SENDER.password))
    // Tried again with the password that is kept.
    await button('Send a test mail').click()
    await page.getByText('The mail is on its way.', { exact: true }).first().waitFor()
    await mailbox.next(administrator.email)
    await settle(page)
    await takePicture(page, 'mail')
  })

  step('invites by mail', async () => {
    await page.goto(`${node.url}/admin/people`)
    await button('Invite by link').click()
    await dialog().getByLabel('E-mail (optional)', { exact: true }).fill('kim@example.test')
    await dialog().getByRole('switch', { name: 'Send the link by mail', checked: true }).waitFor()
    await takePicture(page, 'invite-by-mail')
    await dialog().getByRole('button', { name: 'Make the link', exact: true }).click()
    await dialog().getByText(/^It is on its way to kim@example\.test/).waitFor()
    await dialog().getByRole('button', { name: 'Done', exact: true }).click()
    const kim = await openElsewhere()
    await kim.goto(linkIn(await mailbox.next('kim@example.test')))
    await kim.getByLabel('Full name', { exact: true }).fill('Kim Larsen')
    await kim.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await kim.getByRole('button', { name: 'Join', exact: true }).click()
    await kim.getByRole('button', { name: 'Account menu of Kim Larsen', exact: true }).waitFor()
    await kim.close()
  })

  step('lets a forgotten password be replaced', async () => {
    const kim = await openElsewhere()
    await kim.goto(`${node.url}/signin`)
    await kim.getByRole('link', { name: 'Forgot your password?', exact: true }).click()
    await settle(kim)
    await takePicture(kim, 'reset-ask')
    await kim.getByLabel('E-mail', { exact: true }).fill('kim@example.test')
    await kim.getByRole('button', { name: 'Send the link', exact: true }).click()
    await kim.getByRole('heading', { name: 'Look at your mail', exact: true }).waitFor()
    await settle(kim)
    await takePicture(kim, 'reset-sent')
    const link = linkIn(await mailbox.next('kim@example.test'))
    await kim.goto(link)
    await kim.getByRole('heading', { name: 'Choose a new password', exact: true }).waitFor()
    assert.ok(!kim.url().includes('#'), 'no history keeps the secret of the link')
    await kim.getByLabel('New password', { exact: true }).fill(NEW_PASSWORD)
    await settle(kim)
    await takePicture(kim, 'reset-choose')
    await kim.getByRole('button', { name: 'Save the password', exact: true }).click()
    await kim.getByRole('heading', { name: 'Your new password is saved', exact: true }).waitFor()
    await signIn(kim, 'kim@example.test', NEW_PASSWORD)
    await kim.close()
    const late = await openElsewhere()
    const known = problems.length
    await late.goto(link)
    await late.getByRole('heading', { name: 'This link does not open', exact: true }).waitFor()
    await settle(late)
    await takePicture(late, 'reset-used')
    // The browser calls the refusal an error too.
    problems.splice(known)
    await late.close()
  })

  step('has addresses proven at sign-up', async () => {
    await page.goto(`${node.url}/admin/sign-up`)
    await page.getByText('After approval', { exact: true }).click()
    await button('Save').click()
    await page.getByText('The sign-up rules are saved', { exact: true }).waitFor()
    const nils = await openElsewhere()
    await nils.goto(`${node.url}/sign-up`)
    await nils.getByLabel('Full name', { exact: true }).fill('Nils Berg')
    await nils.getByLabel('Organisation', { exact: true }).fill('Berg & Sons')
    await nils.getByLabel('E-mail', { exact: true }).fill('nils@example.test')
    await nils.getByLabel('Password', { exact: true }).fill(PASSWORD)
    await nils.getByRole('button', { name: 'Sign up', exact: true }).click()
    await nils.getByRole('heading', { name: 'Look at your mail', exact: true }).waitFor()
    await settle(nils)
    await takePicture(nils, 'sign-up-mail')
    await nils.goto(linkIn(await mailbox.next('nils@example.test')))
    await nils.getByRole('heading', { name: 'Is it you?', exact: true }).waitFor()
    await nils.getByLabel('The password you chose', { exact: true }).fill(PASSWORD)
    await settle(nils)
    await takePicture(nils, 'sign-up-verify')
    await nils.getByRole('button', { name: 'Go on', exact: true }).click()
    await nils.getByRole('heading', { name: 'You are on the list', exact: true }).waitFor()
    await page.goto(`${node.url}/admin/sign-up`)
    const row = page.getByRole('listitem').filter({ hasText: 'Nils Berg' })
    await row.getByText('Address proven', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'sign-up-waiting')
    await button('Approve Nils Berg').click()
    await row.waitFor({ state: 'detached' })
    await signIn(nils, 'nils@example.test', PASSWORD)
    await nils.close()
  })

  step('says what went wrong when the server is away', async () => {
    await mailbox.stop()
    await page.goto(`${node.url}/admin/mail`)
    await button('Send a test mail').click()
    await steps().getByRole('listitem').filter({ hasText: 'The server can be reached' }).getByRole('img', { name: 'Failed' }).waitFor()
    await button('Remove').click()
    await dialog().getByRole('button', { name: 'Remove', exact: true }).click()
    await page.getByText('Not set up', { exact: true }).waitFor()
  })
})
