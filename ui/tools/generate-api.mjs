// Writes src/api/schema.d.ts from docs/openapi.json. With --check it only compares, and fails when the committed file is out of date.
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

const UI = new URL('../', import.meta.url).pathname
const SOURCE = path.join(UI, '../docs/openapi.json')
const TARGET = path.join(UI, 'src/api/schema.d.ts')
const TOOL = path.join(UI, 'tools/api')
const checking = process.argv.includes('--check')

if (!fs.existsSync(SOURCE)) {
  console.error('docs/openapi.json is missing; write it with `cargo xtask openapi`')
  process.exit(1)
}
if (!fs.existsSync(path.join(TOOL, 'node_modules/openapi-typescript'))) {
  console.log('installing the API generator (ui/tools/api)')
  execFileSync('npm', ['ci'], { cwd: TOOL, stdio: 'inherit' })
}

const output = path.join(fs.mkdtempSync(path.join(os.tmpdir(), 'guildhall-api-')), 'schema.d.ts')
execFileSync(path.join(TOOL, 'node_modules/.bin/openapi-typescript'), [SOURCE, '--output', output, '--alphabetize'], { stdio: 'inherit' })
const generated = fs.readFileSync(output, 'utf8')
fs.rmSync(path.dirname(output), { recursive: true })

if (!checking) {
  fs.writeFileSync(TARGET, generated)
} else if (!fs.existsSync(TARGET) || fs.readFileSync(TARGET, 'utf8') !== generated) {
  console.error('src/api/schema.d.ts is out of date; run `npm run generate` in ui/')
  process.exit(1)
}
