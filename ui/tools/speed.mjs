// Measures how long a running node's pages take to show what a person did: from the press to the next picture, as the browser's own event
// timing sees it; then how soon a chat of 500 messages opens and how smoothly it scrolls. Run it on an idle machine.
// usage: GUILDHALL_URL=… GUILDHALL_EMAIL=… GUILDHALL_PASSWORD=… node tools/speed.mjs
import os from 'node:os'
import { openBrowser } from './browser.mjs'

const base = process.env.GUILDHALL_URL ?? 'https://localhost:8443'
const LIMIT_MS = 100
const TIMES = 7
const SETTLE_MS = 2_500
const PAUSE_MS = 700
const LONG_CHAT = { turns: 250, openMs: 300, frameMs: 20 }

const browser = await openBrowser()
let slow = 0

function report(name, unit, figures, limit) {
  const sorted = [...figures].sort((one, other) => one - other)
  const median = sorted[Math.floor(sorted.length / 2)]
  if (median >= limit) slow += 1
  const [middle, longest] = [median, sorted.at(-1)].map((figure) => String(Math.round(figure)).padStart(4))
  console.log(`${name.padEnd(34)} median ${middle} ${unit}, longest ${longest} ${unit}, limit ${limit} ${unit}`)
}

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
  report(name, 'ms', longest, LIMIT_MS)
}

async function signIn(context) {
  const data = { email: process.env.GUILDHALL_EMAIL ?? '', password: process.env.GUILDHALL_PASSWORD ?? '' }
  const response = await context.request.post('/api/session', { data })
  if (!response.ok()) throw new Error(`cannot sign in as ${data.email}: status ${response.status()}`)
  return { 'x-csrf-token': (await response.json()).csrf_token ?? '' }
}

async function measurePresses(page, effects, employee) {
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
  const departments = page.getByRole('group', { name: 'Departments' }).getByRole('button')
  await measure(page, `${effects}: department filter`, (time) => departments.nth(1 + (time % 2)).click())
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
}

/** Asks 250 questions, so that the conversation holds 500 messages; answers its id. */
async function fillLongChat(context, employee, headers) {
  let conversation
  for (let turn = 0; turn < LONG_CHAT.turns; turn++) {
    const data = { message: `Question ${turn + 1}: how do I match an invoice with its order?`, conversation_id: conversation }
    const response = await context.request.post(`/api/ves/${employee.id}/chat`, { data, headers, timeout: 60_000 })
    if (!response.ok()) throw new Error(`question ${turn + 1} was not answered: ${await response.text()}`)
    conversation = (await response.json()).message.conversation_id
  }
  return conversation
}

/** From the press on the conversation to the picture that shows its last turn. */
const openTime = (page, path) =>
  page.evaluate(
    (address) =>
      new Promise((resolve) => {
        const link = document.querySelector(`a[href^="${address}"]`)
        const start = performance.now()
        const look = () =>
          document.querySelectorAll('[data-turn]').length > 1
            ? requestAnimationFrame(() => setTimeout(() => resolve(performance.now() - start)))
            : requestAnimationFrame(look)
        link.click()
        look()
      }),
    path,
  )

/** Gaps between frames while the chat scrolls from its end upwards, 40 pixels a frame for two seconds. */
const frameGaps = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) => {
        const scroller = document.querySelector('.chat-scroll')
        const gaps = []
        const start = performance.now()
        let last = start
        const step = (now) => {
          gaps.push(now - last)
          last = now
          scroller.scrollTop -= 40
          if (now - start < 2_000) requestAnimationFrame(step)
          else resolve(gaps.slice(1))
        }
        requestAnimationFrame(step)
      }),
  )

async function measureLongChat(page, effects, employee, conversation) {
  const path = `/chat/${employee.id}/${conversation}`
  const opened = []
  const gaps = []
  for (let time = 0; time < TIMES; time++) {
    await page.goto(`/chat/${employee.id}/new`)
    await page.waitForTimeout(SETTLE_MS)
    opened.push(await openTime(page, path))
    await page.waitForTimeout(PAUSE_MS)
    gaps.push(...(await frameGaps(page)))
  }
  report(`${effects}: chat of 500 messages opens`, 'ms', opened, LONG_CHAT.openMs)
  report(`${effects}: frame while it scrolls`, 'ms', gaps, LONG_CHAT.frameMs)
}

let conversation
for (const effects of ['full', 'lite', 'off']) {
  const context = await browser.newContext({ baseURL: base, viewport: { width: 1440, height: 1000 }, ignoreHTTPSErrors: true })
  await context.addInitScript(watchEvents)
  await context.addInitScript((level) => localStorage.setItem('effects', level), effects)
  const headers = await signIn(context)
  const [employee] = (await (await context.request.get('/api/ves?state=active')).json()).items
  const page = await context.newPage()
  await measurePresses(page, effects, employee)
  if (employee) {
    conversation ??= await fillLongChat(context, employee, headers)
    await measureLongChat(page, effects, employee, conversation)
  }
  await context.close()
}
await browser.close()
console.log(`load of the machine: ${os.loadavg()[0].toFixed(1)} on ${os.cpus().length} processors; ${slow} medians at or over their limit`)
process.exit(slow > 0 ? 1 : 0)
