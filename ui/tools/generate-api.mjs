// Writes the API types of the node and of the licence server from their OpenAPI documents. With --check it only compares, and fails when the committed file is out of date.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const UI = new URL('../', import.meta.url).pathname
const DOCUMENTS = [
  ['docs/openapi.json', 'src/api/schema.d.ts'],
  ['docs/openapi-license-server.json', 'src/portal/api/schema.d.ts'],
]
const TOOL = path.join(UI, 'tools/api')
const checking = process.argv.includes('--check')

if (!fs.existsSync(path.join(TOOL, 'node_modules/openapi-typescript'))) {
  console.log('installing the API generator (ui/tools/api)')
  execFileSync('npm', ['ci'], { cwd: TOOL, stdio: 'inherit' })
}

for (const [document, types] of DOCUMENTS) {
  const source = path.join(UI, '..', document)
  const target = path.join(UI, types)
  if (!fs.existsSync(source)) {
    console.error(`${document} is missing; write it with \`cargo xtask openapi\``)
    process.exit(1)
  }
  const output = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'guildhall-api-')), 'schema.d.ts')
  execFileSync(path.join(TOOL, 'node_modules/.bin/openapi-typescript'), [source, '--output', output, '--alphabetize'], { stdio: 'inherit' })
  const generated = fs.readFileSync(output, 'utf8')
  fs.rmSync(path.dirname(output), { recursive: true })
  if (!checking) {
    fs.writeFileSync(target, generated)
  } else if (!fs.existsSync(target) || fs.readFileSync(target, 'utf8') !== generated) {
    console.error(`${types} is out of date; run \`npm run generate\` in ui/`)
    process.exit(1)
  }
}
