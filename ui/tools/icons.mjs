// Renders the PNG icons from public/icon.svg with the installed chromium; run it after changing the mark.
import fs from 'node:fs'
import { openBrowser } from './browser.mjs'

const PUBLIC = new URL('../public/', import.meta.url).pathname
const mark = fs.readFileSync(`${PUBLIC}icon.svg`, 'utf8')
/** A maskable icon fills its square and keeps the mark inside the safe circle. */
const maskable = mark
  .replace('rx="9"', 'rx="0"')
  .replace('<path', '<g transform="translate(3.2 3.2) scale(.8)"><path')
  .replace('</svg>', '</g></svg>')

const browser = await openBrowser()
const page = await browser.newPage()
for (const [file, size, svg] of [
  ['icon-192.png', 192, mark],
  ['icon-512.png', 512, mark],
  ['icon-512-maskable.png', 512, maskable],
]) {
  await page.setViewportSize({ width: size, height: size })
  await page.setContent(`<style>body{margin:0;background:transparent}svg{display:block;width:${size}px;height:${size}px}</style>${svg}`)
  await page.screenshot({ path: PUBLIC + file, omitBackground: true })
}
await browser.close()
