// An administrator connects real identity providers in the pages and tries each out; then people come in by them, and leave by them again.
import assert from 'node:assert/strict'
import path from 'node:path'
import { after, before, describe } from 'node:test'
import { RunningProvider } from '../harness/openid.mjs'
import { init, RunningNode, run, scope, temporaryFolder } from '../harness/program.mjs'
import { startProvider } from '../harness/saml_provider.mjs'
import { Visitor } from '../harness/visitor.mjs'
import { openBrowser, openContext, openTab, settle, signIn, storyOf, takePicture, takePicturesElsewhere } from './visitor.mjs'

describe('single sign-on, from the first setting to the last sign-out', () => {
  const place = scope({ after })
  const problems = []
  let node, browser, page, saml, oidc, administrator, dataDir

  before(async () => {
    dataDir = path.join(temporaryFolder(place), 'data')
    administrator = await init(dataDir)
    ;[saml, oidc] = await Promise.all([startProvider(place), RunningProvider.start(place)])
    await oidc.setPerson('olga', { email: 'olga@example.test', email_verified: true, name: 'Olga Clerk', groups: ['clerks'] })
    // Without this setting an OpenID provider must speak TLS.
    process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS = 'true'
    node = await RunningNode.start(place, dataDir)
    delete process.env.GUILDHALL_PLAIN_LOOPBACK_PROVIDERS
    browser = await openBrowser()
    place.after(() => browser.close())
    page = await openTab(await openContext(browser), node.url, problems)
    await signIn(page, node.url, administrator)
  })

  const step = storyOf(() => page, problems)
  const button = (name) => page.getByRole('button', { name, exact: true })
  const field = (name) => page.getByLabel(name, { exact: true })
  const heading = (name) => page.getByRole('heading', { name, exact: true })
  const onward = () => button('Continue').click()
  const passed = () => page.getByText('Everything works.', { exact: true }).first().waitFor()

  /** A tab of somebody else, which may leave the node: the provider's pages are its own matter. */
  const openElsewhere = async () => {
    const context = await openContext(browser)
    place.after(() => context.close())
    return context.newPage()
  }
  /** The tab that a test of a sign-in opens. */
  const testTab = async () => {
    const [tab] = await Promise.all([page.context().waitForEvent('page'), button('Sign in to test').click()])
    return tab
  }
  const group = async (name, role) => {
    await button('Add a group').click()
    await field('Group 1').fill(name)
    await field('Role of group 1').selectOption(role)
  }
  const statusOf = (tab) => tab.evaluate(async () => (await fetch('/api/session')).status)
  const signOut = async (tab) => {
    await tab.getByRole('button', { name: /^Account menu of / }).click()
    await tab.getByRole('menuitem', { name: 'Sign out', exact: true }).click()
  }

  step('reads the metadata of a SAML provider', async () => {
    await page.goto(`${node.url}/admin/sign-in`)
    await page.getByRole('link', { name: 'Connect a SAML identity provider', exact: true }).click()
    await field('Name').fill('Staff login')
    const known = problems.length
    await field('Metadata (XML)').fill('<EntityDescriptor>not what a provider says</EntityDescriptor>')
    await page.getByRole('alert').first().waitFor()
    // The browser calls the refusal an error too.
    problems.splice(known)
    await field('Metadata (XML)').fill(await saml.metadata())
    await page.getByText(/^This is .*, with 1 certificate\. Go on to check it\.$/).waitFor()
    await settle(page)
    await takePicture(page, 'saml-metadata')
    await onward()
    await heading('Is this right?').waitFor()
    assert.equal(await field('Sign-in address').inputValue(), `${saml.url}/sso`)
    assert.equal(await field('Sign-out address').inputValue(), `${saml.url}/slo`)
    await settle(page)
    await takePicture(page, 'saml-check', { fullPage: true })
    await onward()
  })

  step('carries what the node says about itself to the provider', async () => {
    await heading('Enter this at the provider').waitFor()
    await settle(page)
    await takePicture(page, 'saml-facts')
    const shown = await page
      .locator('code', { hasText: /\/metadata$/ })
      .last()
      .innerText()
    await saml.control({ service_provider: (await new Visitor().get(shown)).text })
    await onward()
    await heading('Who gets which role?').waitFor()
    await field('Groups are in').fill('eduPersonAffiliation')
    await group('staff', 'staff')
    await settle(page)
    await takePicture(page, 'saml-roles')
    await onward()
  })

  step('sees why a SAML sign-in fails, then sees it work', async () => {
    await heading('Does it work?').waitFor()
    await saml.control({ variant: 'unsigned' })
    const wrong = await testTab()
    await wrong.getByRole('heading', { name: 'The test sign-in is done' }).waitFor()
    await wrong.close()
    await page.getByText('It does not work yet.', { exact: true }).first().waitFor()
    await settle(page)
    await takePicture(page, 'saml-test-failed')
    await saml.control({ variant: 'normal' })
    const [right] = await Promise.all([page.context().waitForEvent('page'), button('Test again').click()])
    await right.getByRole('heading', { name: 'The test sign-in is done' }).waitFor()
    await takePicture(right, 'login-test-tab')
    await right.close()
    await passed()
    await page.getByText('Staff in Linden & Vale', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'saml-test-passed', { fullPage: true })
    await button('Let people sign in').click()
    await heading('Staff login').waitFor()
    await settle(page)
    await takePicture(page, 'saml-provider', { fullPage: true })
  })

  let anas

  step('lets a person in by SAML', async () => {
    anas = await openElsewhere()
    await anas.goto(`${node.url}/signin?next=%2Fteam`)
    await settle(anas)
    await takePicture(anas, 'sign-in-providers')
    await anas.getByRole('link', { name: 'Continue with Staff login', exact: true }).click()
    await anas.waitForURL(`${node.url}/team`)
    await anas.getByRole('button', { name: 'Account menu of Ana Lind', exact: true }).waitFor()
  })

  step('lets her out here and at the SAML provider', async () => {
    const asked = anas.waitForRequest((request) => request.url().startsWith(`${saml.url}/slo?SAMLRequest=`))
    const answered = anas.waitForRequest(
      (request) => request.url().startsWith(`${node.url}/saml/`) && request.url().includes('SAMLResponse='),
    )
    await signOut(anas)
    await Promise.all([asked, answered])
    await anas.waitForURL(`${node.url}/signin`)
    await anas.getByRole('heading', { name: 'Welcome back', exact: true }).waitFor()
    assert.equal(await statusOf(anas), 401)
    const { logged_out } = await saml.control({ tell: true })
    assert.deepEqual(logged_out, ['ana-7f3a'])
  })

  step('asks an OpenID provider by its issuer', async () => {
    await page.goto(`${node.url}/admin/sign-in/oidc/new`)
    await field('Name').fill('Partner login')
    await field('Issuer').fill(`${oidc.issuer}/nobody`)
    await field('Client id').fill('guildhall')
    await field('Client secret').fill('a secret')
    await settle(page)
    await takePicture(page, 'oidc-provider')
    await onward()
    await heading('Enter this at the provider').waitFor()
    await settle(page)
    await takePicture(page, 'oidc-facts')
    await onward()
    await heading('Who gets which role?').waitFor()
    await group('clerks', 'normal')
    await onward()
  })

  step('sees why an OpenID sign-in fails, mends the issuer and sees it work', async () => {
    await heading('Does it work?').waitFor()
    const wrong = await testTab()
    await wrong.getByRole('heading', { name: 'The test sign-in is done' }).waitFor()
    await wrong.close()
    await page.getByText('It does not work yet.', { exact: true }).first().waitFor()
    await settle(page)
    await takePicture(page, 'oidc-test-failed')
    for (const title of ['Who gets which role?', 'Enter this at the provider', 'Which provider is it?']) {
      await button('Back').click()
      await heading(title).waitFor()
    }
    await field('Issuer').fill(oidc.issuer)
    for (const title of ['Enter this at the provider', 'Who gets which role?', 'Does it work?']) {
      await onward()
      await heading(title).waitFor()
    }
    const right = await testTab()
    await logInAtOpenId(right, 'olga')
    await right.getByRole('heading', { name: 'The test sign-in is done' }).waitFor()
    await right.close()
    await passed()
    await page.getByText('Member in Linden & Vale', { exact: true }).waitFor()
    await settle(page)
    await takePicture(page, 'oidc-test-passed', { fullPage: true })
    await button('Let people sign in').click()
    await heading('Partner login').waitFor()
  })

  step('lets a person in by OpenID, and out again on both sides', async () => {
    const olgas = await openElsewhere()
    await olgas.goto(`${node.url}/signin`)
    await olgas.getByRole('link', { name: 'Continue with Partner login', exact: true }).click()
    await logInAtOpenId(olgas, 'olga')
    await olgas.getByRole('button', { name: 'Account menu of Olga Clerk', exact: true }).waitFor()
    await signOut(olgas)
    await olgas.waitForURL((url) => url.href.startsWith(`${oidc.issuer}/oauth2/end_session?`))
    await olgas.getByRole('button', { name: 'End session', exact: true }).click()
    await olgas.waitForURL(`${node.url}/signin`)
    assert.equal(await statusOf(olgas), 401)
  })

  step('turns away whose address another organisation has, and tells why on the provider’s page', async () => {
    for (const words of [
      ['org', 'create', 'Partner Logistics', '--admin', 'pia@partner.test'],
      ['user', 'add', 'pat@example.test', '--name', 'Pat Partner', '--org', 'partner-logistics'],
    ]) {
      const done = await run(...words, '--data-dir', dataDir)
      assert.equal(done.code, 0, done.stderr)
    }
    await oidc.setPerson('pat', { email: 'pat@example.test', email_verified: true, name: 'Pat Clerk', groups: ['clerks'] })
    const pats = await openElsewhere()
    await pats.goto(`${node.url}/signin`)
    await pats.getByRole('link', { name: 'Continue with Partner login', exact: true }).click()
    await logInAtOpenId(pats, 'pat')
    await pats.getByRole('alert').getByText('There is an account with your e-mail already', { exact: false }).waitFor()
    await settle(pats)
    await takePicture(pats, 'sign-in-turned-away')
    await page.reload()
    const kept = page.getByRole('list', { name: 'Not taken over', exact: true })
    await kept.getByText('Pat Clerk', { exact: true }).waitFor()
    await kept.getByText('account in another organisation', { exact: false }).waitFor()
    await settle(page)
    await takePicture(page, 'provider-not-taken-over', { fullPage: true })
    await takePicturesElsewhere(page, 'provider-not-taken-over', kept)
  })

  step('still signs out whose session is of the node itself', async () => {
    await page.goto(`${node.url}/admin/people`)
    await page.getByText('Olga Clerk', { exact: true }).first().waitFor()
    await settle(page)
    await takePicture(page, 'people-single-sign-on')
    await signOut(page)
    await page.waitForURL(`${node.url}/signin`)
    assert.equal(await statusOf(page), 401)
  })
})

/** Says on the provider's page who one is. */
async function logInAtOpenId(tab, subject) {
  await tab.getByPlaceholder('sub').fill(subject)
  await tab.getByRole('button', { name: 'Authorize', exact: true }).click()
}
