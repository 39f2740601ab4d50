// A person at a browser: Debian's chromium, watched for everything that must not happen.
import assert from 'node:assert/strict'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { test } from 'node:test'
import { chromium } from 'playwright-core'

/** A busy machine takes its time; a step that takes longer than this hangs. */
const STEP_MAX_MS = 120_000
export const DESK = { width: 1440, height: 1000 }
export const PHONE = { width: 390, height: 844 }
/** Where pictures of the pages go. */
export const PICTURES = process.env.GUILDHALL_SCREENSHOTS ?? path.join(os.tmpdir(), 'guildhall-screenshots')

/** Starts the installed chromium with a fresh profile; CHROMIUM names another binary. */
export function openBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}

/** A browser window whose certificate warning was accepted, as a person does with a certificate of the node's own. */
export async function openContext(browser, options = {}) {
  const context = await browser.newContext({
    viewport: DESK,
    ignoreHTTPSErrors: true,
    reducedMotion: 'reduce',
    colorScheme: 'light',
    locale: 'en-GB',
    ...options,
  })
  context.setDefaultTimeout(STEP_MAX_MS)
  return context
}

/**
 * Opens a tab and writes into `problems` what must not happen in it: errors on the console (where violations of the content
 * security policy show too), exceptions, and requests that leave the node.
 */
export async function openTab(context, origin, problems) {
  const page = await context.newPage()
  const report = (what) => problems.push(`${new URL(page.url()).pathname}: ${what}`)
  page.on('console', (message) => {
    if (message.type() === 'error' && !isExpected(message)) report(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => report(error.message))
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(blob|data):/.test(request.url())) report(`request to ${request.url()}`)
  })
  return page
}

/**
 * Chromium calls every refused request an error; that nobody is signed in, or the password or the code is wrong, is an answer. So is that
 * there is no authoriser yet, and a page that is not for somebody's role, which the router tells the console too.
 */
function isExpected(message) {
  if (message.text().startsWith('Forbidden: ')) return true
  if (message.text().includes('status of 404') && message.location().url.endsWith('/api/admin/authoriser')) return true
  return message.text().includes('status of 401') && /\/api\/session(\/second-factor)?$/.test(message.location().url)
}

/** Signs in with a password and waits for the first page. */
export async function signIn(page, origin, { email, password }) {
  await page.goto(`${origin}/signin`)
  await page.getByLabel('E-mail', { exact: true }).fill(email)
  await page.getByLabel('Password', { exact: true }).fill(password)
  await page.getByRole('button', { name: 'Sign in', exact: true }).click()
  await page.waitForURL((url) => url.pathname === '/')
}

/** Waits until nothing of the page is still loading: its heading, its data and its fonts are there. */
export async function settle(page) {
  await page.locator('h1').first().waitFor({ state: 'attached' })
  // A promise would count as true: what is asked again and again answers at once.
  await page.waitForFunction(() => {
    if (document.querySelector('[role=status][aria-label="Loading"], .bone, [aria-busy=true]')) return false
    // While the theme changes, glass and backdrop are left out.
    if (document.documentElement.dataset.flip !== undefined) return false
    // What has come in is at rest; loops never are.
    const moves = (animation) => animation.playState === 'running' && animation.effect?.getComputedTiming().endTime !== Infinity
    return document.fonts.status === 'loaded' && !document.getAnimations().some(moves)
  })
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

/** Closes the notices that lie over the page. */
export async function closeNotices(page) {
  const close = page.getByRole('region', { name: 'Notifications' }).locator('button')
  await close.evaluateAll((buttons) => {
    for (const button of buttons) button.click()
  })
  await close.first().waitFor({ state: 'detached' })
}

/** Whether the page is wider than its window. */
export function scrollsSideways(page) {
  return page.evaluate(() => document.documentElement.scrollWidth > window.innerWidth)
}

/** Writes a picture of the page. */
export async function takePicture(page, name, options = {}) {
  fs.mkdirSync(PICTURES, { recursive: true })
  await page.screenshot({ path: path.join(PICTURES, `${name}.png`), ...options })
}

/**
 * Pictures of a page in the dark and on a phone, where it must not scroll sideways; `shown` is brought into the phone's window first. The
 * page is then as it was.
 */
export async function takePicturesElsewhere(page, name, shown) {
  const size = page.viewportSize()
  const lookIn = async (colorScheme) => {
    await page.emulateMedia({ colorScheme })
    await page.waitForFunction((scheme) => document.documentElement.dataset.theme === scheme, colorScheme)
  }
  await lookIn('dark')
  await settle(page)
  await takePicture(page, `${name}-dark`)
  await lookIn('light')
  await page.setViewportSize(PHONE)
  await shown?.scrollIntoViewIfNeeded()
  await settle(page)
  assert.equal(await scrollsSideways(page), false, `${name} scrolls sideways on a phone`)
  await takePicture(page, `${name}-phone`)
  await page.setViewportSize(size)
}

/** Takes a refusal that is shown in words off the problems: the browser's console calls it one. */
export function forgive(problems, status) {
  const left = problems.filter((problem) => !problem.includes(`status of ${status}`))
  assert.ok(left.length < problems.length, `${status} was expected`)
  problems.splice(0, problems.length, ...left)
}

/**
 * The steps of one story. Steps after a broken one are skipped, and a picture shows where it broke; `pageOf` gives the tab, `problems` is
 * what must stay empty.
 */
export function storyOf(pageOf, problems) {
  let broken
  return (name, work) => {
    test(name, async (t) => {
      if (broken) return t.skip(`"${broken}" failed`)
      const before = problems.length
      try {
        await work(t)
        assert.deepEqual(problems.slice(before), [])
      } catch (error) {
        broken = name
        await takePicture(pageOf(), `failed-${name.replaceAll(/\W+/g, '-')}`)
        throw error
      }
    })
  }
}
