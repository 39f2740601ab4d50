// Checks the size budgets of the built interface (dist/) and fails when one is passed. Sizes are kilobytes (1000 bytes), gzip level 9 unless told.
import fs from 'node:fs'
import zlib from 'node:zlib'

const DIST = new URL('../dist/', import.meta.url).pathname
const BUDGET_KB = { shellScript: 130, routeScript: 180, style: 25, fonts: 50 }
const ENTRY = 'index.html'

const manifest = JSON.parse(fs.readFileSync(`${DIST}.vite/manifest.json`, 'utf8'))
const gzip = (file) => zlib.gzipSync(fs.readFileSync(DIST + file), { level: 9 }).length / 1000
const sum = (files) => [...files].reduce((total, file) => total + gzip(file), 0)

/** Every script and style a chunk needs before it can run. */
function closure(key, found = { scripts: new Set(), styles: new Set(), seen: new Set() }) {
  if (found.seen.has(key)) return found
  found.seen.add(key)
  const chunk = manifest[key]
  found.scripts.add(chunk.file)
  for (const style of chunk.css ?? []) found.styles.add(style)
  for (const next of chunk.imports ?? []) closure(next, found)
  return found
}

const shell = closure(ENTRY)
const routes = Object.keys(manifest).filter((key) => manifest[key].isDynamicEntry && key.startsWith('src/features/'))
const html = fs.readFileSync(`${DIST}${ENTRY}`, 'utf8')
const fonts = [...html.matchAll(/href="\/(assets\/[^"]+\.woff2)"/g)].map((match) => fs.statSync(DIST + match[1]).size / 1000)

const rows = [
  ['shell scripts', sum(shell.scripts), BUDGET_KB.shellScript],
  ...routes.map((key) => [
    key.replace(/^src\/features\/|\/index\.tsx$/g, ''),
    sum(new Set([...shell.scripts, ...closure(key).scripts])),
    BUDGET_KB.routeScript,
  ]),
  ['styles', sum(new Set([...shell.styles, ...routes.flatMap((key) => [...closure(key).styles])])), BUDGET_KB.style],
  ['fonts before first paint', fonts.reduce((total, size) => total + size, 0), BUDGET_KB.fonts],
]

let over = 0
for (const [name, size, budget] of rows) {
  const failed = size > budget
  over += failed ? 1 : 0
  console.log(`${name.padEnd(26)} ${size.toFixed(1).padStart(7)} of ${budget} kB${failed ? '  OVER' : ''}`)
}
if (over > 0) {
  console.error(`${over} budget${over === 1 ? '' : 's'} passed: see the rows marked OVER`)
  process.exit(1)
}
