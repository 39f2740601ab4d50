// Opens every page of a running node in light and dark, at desk and phone size, and checks it: axe (WCAG 2.2 AA), console errors (the strict
// content security policy reports there), requests that leave the node, horizontal overflow, layout shift. Pictures go to the given folder.
// usage: GUILDHALL_URL=https://localhost:8443 GUILDHALL_EMAIL=… GUILDHALL_PASSWORD=… node tools/pages.mjs [FOLDER] [PATH …]
import fs from 'node:fs'
import path from 'node:path'
import { AxeBuilder } from '@axe-core/playwright'
import { openBrowser } from './browser.mjs'

const base = process.env.GUILDHALL_URL ?? 'https://localhost:8443'
const folder = process.argv[2] ?? 'shots'
const only = process.argv.slice(3)
const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa']
const SIZES = { desk: { width: 1440, height: 1000 }, phone: { width: 390, height: 844 } }
const SHIFT_MAX = 0.02
const SETTLE_MS = 1_500

const problems = []
fs.mkdirSync(folder, { recursive: true })
const browser = await openBrowser()

// axe is injected as a script, which the policy of the node would refuse, so the policy is off here; the browser tests run under it.
const openContext = (theme, size) =>
  browser.newContext({
    baseURL: base,
    viewport: SIZES[size],
    colorScheme: theme,
    reducedMotion: 'reduce',
    ignoreHTTPSErrors: true,
    bypassCSP: true,
  })

/** Signs the whole context in: its pages share the cookie. */
async function signIn(context) {
  const data = { email: process.env.GUILDHALL_EMAIL ?? '', password: process.env.GUILDHALL_PASSWORD ?? '' }
  const response = await context.request.post('/api/session', { data })
  if (!response.ok())
    throw new Error(`cannot sign in as ${data.email}: status ${response.status()}; set GUILDHALL_EMAIL and GUILDHALL_PASSWORD`)
}

/** The pages to visit: fixed ones, and those of the first agent and employee there are. */
async function listPaths(context) {
  const get = async (url) => (await (await context.request.get(url)).json()).items
  const [agent] = await get('/api/marketplace/agents?limit=1')
  const [employee] = await get('/api/ves?state=active')
  const fixed = ['/', '/market', '/team', '/chat', '/account', '/account?tab=security', '/account?tab=keys']
  const admin = [
    '/admin/people',
    '/admin/models',
    '/admin/providers',
    '/admin/usage',
    '/admin/limits',
    '/admin/organisations',
    '/no-such-page',
  ]
  const found = [...(agent ? [`/agents/${agent.slug}`, `/hire/${agent.slug}`] : []), ...(employee ? [`/chat/${employee.id}`] : [])]
  return [...fixed, ...found, ...admin]
}

async function visit(context, url, label) {
  const page = await context.newPage()
  const report = (what) => problems.push(`${label} ${url}: ${what}`)
  // Asking who is signed in is answered with 401 when nobody is; the browser logs every such answer.
  page.on(
    'console',
    (message) => message.type() === 'error' && !/status of 401/.test(message.text()) && report(message.text().slice(0, 200)),
  )
  page.on('pageerror', (error) => report(error.message))
  page.on(
    'request',
    (request) => /^(blob|data):/.test(request.url()) || request.url().startsWith(base) || report(`request to ${request.url()}`),
  )
  await page.addInitScript(() => {
    window.layoutShift = 0
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.layoutShift += entry.value
    }).observe({ type: 'layout-shift', buffered: true })
  })
  await page.goto(url)
  await page.waitForTimeout(SETTLE_MS)
  const found = await page.evaluate(() => ({ shift: window.layoutShift, wide: document.documentElement.scrollWidth > innerWidth }))
  if (found.shift > SHIFT_MAX) report(`layout shift ${found.shift.toFixed(3)}`)
  if (found.wide) report('scrolls sideways')
  const { violations } = await new AxeBuilder({ page }).withTags(TAGS).analyze()
  for (const violation of violations)
    report(
      `axe ${violation.id}: ${violation.nodes
        .map((node) => node.target.join(' '))
        .slice(0, 3)
        .join(' | ')}`,
    )
  await page.screenshot({ path: path.join(folder, `${label}${url.replace(/[^\w]+/g, '-')}.png`), fullPage: true })
  await page.close()
}

let visited = 0
for (const theme of ['light', 'dark']) {
  for (const size of Object.keys(SIZES)) {
    const context = await openContext(theme, size)
    if (only.length === 0) await visit(context, '/signin', `${theme}-${size}`)
    await signIn(context)
    const paths = only.length > 0 ? only : await listPaths(context)
    for (const url of paths) await visit(context, url, `${theme}-${size}`)
    visited += paths.length
    await context.close()
  }
}
await browser.close()
console.log(`${visited} pages, ${problems.length} problems`)
for (const problem of problems) console.log(`  ${problem}`)
process.exit(problems.length > 0 ? 1 : 0)
