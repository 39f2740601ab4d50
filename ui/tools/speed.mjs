// Measures how long a running node's pages take to show what a person did: from the press to the next picture, as the browser's own event
// timing sees it. Run it on an idle machine. usage: GUILDHALL_URL=… GUILDHALL_EMAIL=… GUILDHALL_PASSWORD=… node tools/speed.mjs
import os from 'node:os'
import { openBrowser } from './browser.mjs'

const base = process.env.GUILDHALL_URL ?? 'https://localhost:8443'
const LIMIT_MS = 100
const TIMES = 7
const SETTLE_MS = 2_500
const PAUSE_MS = 700

const browser = await openBrowser()
let slow = 0

/** Every event the page handled, with its duration; the browser reports those that took 16 ms or more. */
function watchEvents() {
  window.eventDurations = []
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) window.eventDurations.push(entry.duration)
  }).observe({ type: 'event', durationThreshold: 16 })
}

async function measure(page, name, act) {
  const longest = []
  for (let time = 0; time < TIMES; time++) {
    await page.evaluate(() => {
      window.eventDurations.length = 0
    })
    await act(time)
    await page.waitForTimeout(PAUSE_MS)
    longest.push(await page.evaluate(() => Math.max(8, ...window.eventDurations)))
  }
  longest.sort((one, other) => one - other)
  const median = longest[Math.floor(TIMES / 2)]
  if (median >= LIMIT_MS) slow += 1
  console.log(`${name.padEnd(34)} median ${String(median).padStart(4)} ms, longest ${String(longest.at(-1)).padStart(4)} ms`)
}

async function signIn(context) {
  const data = { email: process.env.GUILDHALL_EMAIL ?? '', password: process.env.GUILDHALL_PASSWORD ?? '' }
  const response = await context.request.post('/api/session', { data })
  if (!response.ok()) throw new Error(`cannot sign in as ${data.email}: status ${response.status()}`)
}

for (const effects of ['full', 'lite', 'off']) {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1440, height: 1000 }, ignoreHTTPSErrors: true })
  await context.addInitScript(watchEvents)
  await context.addInitScript((level) => localStorage.setItem('effects', level), effects)
  await signIn(context)
  const [employee] = (await (await context.request.get('/api/ves?state=active')).json()).items
  const page = await context.newPage()
  const open = async (path) => {
    await page.goto(path)
    await page.waitForTimeout(SETTLE_MS)
  }
  for (const path of ['/', '/market', ...(employee ? [`/chat/${employee.id}`] : [])]) {
    await open(path)
    const theme = page.getByRole('button', { name: /Switch to|theme/i }).first()
    await measure(page, `${effects}: theme on ${path.split('/')[1] || 'today'}`, () => theme.click())
  }
  await open('/market')
  const departments = page.getByRole('button', { name: /^(Finance|People|All)\b/ })
  await measure(page, `${effects}: department filter`, (time) => departments.nth(time % 2).click())
  await measure(page, `${effects}: palette`, async () => {
    await page.keyboard.press('Control+k')
    await page.waitForTimeout(PAUSE_MS)
    await page.keyboard.press('Escape')
  })
  if (employee) {
    await open(`/chat/${employee.id}/new`)
    await page.getByRole('textbox').last().click()
    await measure(page, `${effects}: typing in the composer`, () => page.keyboard.type('word ', { delay: 60 }))
  }
  await context.close()
}
await browser.close()
console.log(
  `load of the machine: ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} processors; ${slow} medians at or over ${LIMIT_MS} ms`,
)
process.exit(slow > 0 ? 1 : 0)
