// People come in: with a second step, with a passkey, by invitation, by signing up and being let in, and because the rules ask for a second
// step; an organisation makes a role of its own and gives it. Every step goes on where the one before ended.
import assert from 'node:assert/strict'
import crypto from 'node:crypto'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { init, RunningNode, scope, temporaryFolder } from '../harness/program.mjs'
import { openBrowser, openContext, openTab, settle, storyOf, takePicture } from './visitor.mjs'

const INVITED = { name: 'Sam Okafor', email: 'sam@example.test', password: 'lantern copper orbit maple' }
const COMER = { name: 'Kim Larsen', email: 'kim@partner.test', password: 'harbour velvet thunder nine', organisation: 'Partner Logistics' }
const ROLE = 'Night shift'
const TOTP_STEP_MS = 30_000

/** The code of an authenticator app (RFC 6238, SHA-1, six digits), `ahead` steps from now. */
function codeOf(secret, ahead = 0) {
  const counter = Buffer.alloc(8)
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / TOTP_STEP_MS) + ahead))
  const tag = crypto.createHmac('sha1', fromBase32(secret)).update(counter).digest()
  const word = tag.readUInt32BE(tag[19] & 15) & 0x7fffffff
  return String(word % 1_000_000).padStart(6, '0')
}

function fromBase32(text) {
  const bits = [...text.replaceAll(/[\s=]/g, '')].map((letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  )
  return Buffer.from(
    bits
      .join('')
      .match(/.{8}/g)
      .map((byte) => Number.parseInt(byte, 2)),
  )
}

/** One person at their browser. */
class Visitor {
  constructor(page, url) {
    this.page = page
    this.url = url
  }

  button = (name) => this.page.getByRole('button', { name, exact: true })
  link = (name) => this.page.getByRole('link', { name, exact: true })
  heading = (name) => this.page.getByRole('heading', { name, exact: true })
  field = (name) => this.page.getByLabel(name, { exact: true })
  menuItem = (name) => this.page.getByRole('menuitem', { name, exact: true })
  dialog = () => this.page.getByRole('dialog')
  open = (address) => this.page.goto(this.url + address)

  /** E-mail and password; what follows depends on the account. */
  async begin({ email, password }) {
    await this.open('/signin')
    await this.field('E-mail').fill(email)
    await this.field('Password').fill(password)
    await this.button('Sign in').click()
  }

  async isIn() {
    await this.page.waitForURL((url) => url.pathname === '/')
    await this.link('Today').first().waitFor()
  }

  async signOut(name) {
    await this.open('/')
    await this.button(`Account menu of ${name}`).click()
    await this.menuItem('Sign out').click()
    await this.heading('Welcome back').waitFor()
  }

  /** The recovery codes that are shown, once it is said that they are kept. */
  async keepCodes(button) {
    const codes = await this.page
      .getByRole('list', { name: 'Recovery codes' })
      .getByRole('listitem')
      .locator('span:last-child')
      .allInnerTexts()
    await this.page.getByRole('checkbox', { name: 'I keep these codes in a safe place' }).check()
    await this.button(button).click()
    return codes
  }

  /** Gives the password and the first code of a new authenticator app; returns its secret. */
  async setUpApp(place, password) {
    await place.getByLabel('Current password', { exact: true }).fill(password)
    await place.getByRole('button', { name: 'Continue', exact: true }).click()
    const code = this.field('Code that the app shows now')
    await code.waitFor()
    const secret = await place.locator('code').first().innerText()
    await code.fill(codeOf(secret))
    await this.page.getByRole('list', { name: 'Recovery codes' }).waitFor()
    return secret
  }
}

describe('people come in', () => {
  const place = scope({ after })
  const problems = []
  let browser
  let node
  let owner
  let administrator
  let invited
  let secret
  let codes
  let invitation

  before(async () => {
    const dataDir = path.join(temporaryFolder(place), 'data')
    owner = await init(dataDir)
    node = await RunningNode.start(place, dataDir)
    browser = await openBrowser()
    place.after(() => browser.close())
    administrator = await visitor()
  })

  async function visitor() {
    const context = await openContext(browser)
    return new Visitor(await openTab(context, node.url, problems), node.url)
  }

  const step = storyOf(() => administrator.page, problems)
  const shownName = () => administrator.page.getByRole('button', { name: /^Account menu of / }).getAttribute('aria-label')
  let ownName

  step('sets up an authenticator app and keeps the recovery codes', async () => {
    await administrator.begin(owner)
    await administrator.isIn()
    ownName = (await shownName()).replace('Account menu of ', '')
    await administrator.open('/account?tab=security')
    await administrator.button('Set up').click()
    secret = await administrator.setUpApp(administrator.dialog(), owner.password)
    codes = await administrator.keepCodes('Done')
    assert.equal(codes.length, 10)
    assert.equal(new Set(codes).size, 10)
    await administrator.button('Remove the authenticator app').waitFor()
    await administrator.page.getByText('10 are left', { exact: true }).waitFor()
  })

  step('signs in with password and code; a wrong code is refused', async () => {
    await administrator.signOut(ownName)
    await administrator.begin(owner)
    await administrator.heading('One more step').waitFor()
    const code = administrator.field('Code from your authenticator app')
    await code.fill(wrong(codeOf(secret)))
    await administrator.page.getByRole('alert').waitFor()
    await takePicture(administrator.page, 'identity-second-step')
    // The code that set the app up is used; the next one counts already.
    await code.fill(codeOf(secret, 1))
    await administrator.isIn()
  })

  step('signs in with a recovery code, which is then used up', async () => {
    await administrator.signOut(ownName)
    await administrator.begin(owner)
    await administrator.button('Use a recovery code').click()
    await administrator.field('Recovery code').fill(codes[0].toUpperCase())
    await administrator.button('Sign in').click()
    await administrator.isIn()
    await administrator.open('/account?tab=security')
    await administrator.page.getByText('9 are left', { exact: true }).waitFor()
  })

  step('adds a passkey and signs in with nothing else', async () => {
    await addAuthenticator(administrator.page)
    await administrator.button('Add a passkey').click()
    await administrator.field('Name').fill('Test key')
    await administrator.dialog().getByLabel('Current password', { exact: true }).fill(owner.password)
    await administrator.button('Go on').click()
    await administrator.page.getByRole('list', { name: 'Your passkeys' }).getByText('Test key').waitFor()
    await settle(administrator.page)
    await takePicture(administrator.page, 'identity-account-security')
    await administrator.signOut(ownName)
    await administrator.button('Use a passkey').click()
    await administrator.isIn()
  })

  step('uses the passkey as the second step after a password', async () => {
    await administrator.signOut(ownName)
    await administrator.begin(owner)
    await administrator.heading('One more step').waitFor()
    await administrator.button('Use a passkey').click()
    await administrator.isIn()
  })

  step('renames the passkey and removes it', async () => {
    await administrator.open('/account?tab=security')
    await administrator.button('More for Test key').click()
    await administrator.menuItem('Rename').click()
    await administrator.field('Name').fill('Blue key')
    await administrator.button('Save').click()
    await administrator.button('More for Blue key').click()
    await administrator.menuItem('Remove').click()
    await administrator.dialog().getByRole('button', { name: 'Remove', exact: true }).click()
    await administrator.page.getByText('No passkeys yet', { exact: true }).waitFor()
  })

  step('invites somebody by link', async () => {
    await administrator.open('/admin/people')
    await administrator.button('Invite by link').click()
    await administrator.field('E-mail (optional)').fill(INVITED.email)
    await administrator
      .dialog()
      .getByRole('radio', { name: /^Member/ })
      .check()
    await administrator.button('Make the link').click()
    await administrator.page.getByRole('dialog', { name: 'The link is ready' }).waitFor()
    invitation = await administrator.dialog().locator('code').innerText()
    await administrator.button('Done').click()
    await administrator.page.getByRole('tab', { name: 'Invitations' }).click()
    const row = administrator.page.getByRole('row').filter({ hasText: INVITED.email })
    await row.getByText('Open', { exact: true }).waitFor()
    await takePicture(administrator.page, 'identity-invitations')
  })

  step('accepts the invitation with a new account', async () => {
    invited = await visitor()
    await invited.open(`/invitation${new URL(invitation).hash}`)
    await invited.heading('You are invited to Linden & Vale').waitFor()
    assert.ok(!invited.page.url().includes('#'), 'the secret stays in the address')
    await invited.field('Full name').fill(INVITED.name)
    await invited.field('Password').fill(INVITED.password)
    await takePicture(invited.page, 'identity-invitation')
    await invited.button('Join').click()
    await invited.isIn()
    await administrator.page.reload()
    const row = administrator.page.getByRole('row').filter({ hasText: INVITED.email })
    await row.getByText('Used', { exact: true }).waitFor()
  })

  step('makes a role of its own and gives it', async () => {
    await administrator.open('/admin/roles')
    await administrator.button('Make a role').click()
    await administrator.field('Name').fill(ROLE)
    await administrator.field('What is it for?').fill('Chats while nobody else is there')
    // What every member may do is ticked already.
    const permission = (words) => administrator.dialog().getByRole('checkbox', { name: words })
    assert.ok(await permission(/^Chat with employees/).isChecked())
    await permission(/^Read the people of the organisation/).check()
    await administrator.dialog().getByRole('button', { name: 'Make a role', exact: true }).click()
    await administrator.heading(ROLE).waitFor()
    await settle(administrator.page)
    await takePicture(administrator.page, 'identity-roles', { fullPage: true })
    await administrator.open('/admin/people')
    await administrator.field(`Role of ${INVITED.name}`).selectOption({ label: ROLE })
    await administrator.page.getByText(`${INVITED.name} is now: ${ROLE}`, { exact: true }).waitFor()
  })

  step('the role opens what it should and nothing else', async () => {
    await invited.open('/admin/people')
    await invited.heading('People').waitFor()
    assert.equal(await invited.button('Add a person').count(), 0)
    await invited.open('/admin/roles')
    await invited.heading('This page is not for your role').waitFor()
  })

  step('opens sign-up after approval, without one domain', async () => {
    await administrator.open('/admin/sign-up')
    await administrator.page.getByText('After approval', { exact: true }).click()
    const blocked = administrator.page.getByRole('textbox', { name: 'Blocked domains' })
    await blocked.fill('@Spam.test')
    await blocked.press('Enter')
    await administrator.button('Remove spam.test').waitFor()
    await administrator.button('Save').click()
    await administrator.page.getByText('The sign-up rules are saved', { exact: true }).waitFor()
  })

  step('lets in who has signed up', async () => {
    const comer = await visitor()
    await comer.open('/signin')
    await comer.link('Sign up').click()
    await comer.field('Full name').fill(COMER.name)
    await comer.field('Organisation').fill(COMER.organisation)
    await comer.field('E-mail').fill(COMER.email)
    await comer.field('Password').fill(COMER.password)
    await comer.button('Sign up').click()
    await comer.heading('You are on the list').waitFor()
    await administrator.page.reload()
    const waiting = administrator.page.getByRole('list', { name: 'Sign-ups that wait' })
    await waiting.getByText(COMER.email).waitFor()
    await takePicture(administrator.page, 'identity-sign-up')
    await administrator.button(`Approve ${COMER.name}`).click()
    await administrator.page.getByText('Nobody is waiting', { exact: true }).waitFor()
    await comer.begin(COMER)
    await comer.isIn()
    await comer.button(`Account menu of ${COMER.name}`).click()
    await comer.page.getByText(COMER.organisation, { exact: false }).first().waitFor()
    await comer.page.context().close()
  })

  step('asks everybody for a second step, who then cannot get around it', async () => {
    await invited.signOut(INVITED.name)
    await administrator.open('/admin/security')
    await administrator.page.getByText('Everybody must', { exact: true }).click()
    await administrator.button('Save').click()
    await administrator.button('Ask for it').click()
    await administrator.page.getByText('The security settings are saved', { exact: true }).waitFor()
    await invited.begin(INVITED)
    await invited.heading('Set up a second step').waitFor()
    await invited.open('/team')
    await invited.heading('Set up a second step').waitFor()
    await invited.page.getByRole('button', { name: /^Authenticator app/ }).click()
    await invited.setUpApp(invited.page.locator('main'), INVITED.password)
    await invited.keepCodes('Go on to Guildhall')
    await invited.isIn()
  })

  step('sees the second step in the list, and takes it away again', async () => {
    await administrator.open('/admin/people')
    const row = administrator.page.getByRole('listitem').filter({ hasText: INVITED.email })
    await row.getByText('Second step', { exact: true }).waitFor()
    await administrator.button(`More for ${INVITED.name}`).click()
    await administrator.menuItem('Reset second step').click()
    await administrator.button('Reset').click()
    await administrator.page.getByText(`The second step of ${INVITED.name} is reset`, { exact: true }).waitFor()
    await row.getByText('Second step', { exact: true }).waitFor({ state: 'detached' })
    await takePicture(administrator.page, 'identity-people')
  })
})

/** A security key that lives in the browser, and whose person says yes. */
async function addAuthenticator(page) {
  const devtools = await page.context().newCDPSession(page)
  await devtools.send('WebAuthn.enable')
  await devtools.send('WebAuthn.addVirtualAuthenticator', {
    options: {
      protocol: 'ctap2',
      transport: 'internal',
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  })
}

/** Another code of six digits. */
const wrong = (code) => String((Number(code) + 1) % 1_000_000).padStart(6, '0')
