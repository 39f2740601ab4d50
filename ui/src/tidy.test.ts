// @vitest-environment node
import fs from 'node:fs'
import path from 'node:path'
import { parseSync } from 'vite'
import { describe, expect, test } from 'vitest'
import { parseMessage } from './lib/i18n/message'

const SOURCE = new URL('.', import.meta.url).pathname
const LINES_MAX = 400
const read = (file: string) => fs.readFileSync(path.join(SOURCE, file), 'utf8')
const files = fs
  .readdirSync(SOURCE, { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.tsx?$/.test(file) && !/\.(test|d)\.tsx?$/.test(file) && file !== 'test-setup.ts')
const areas = files.filter((file) => file.startsWith('lib/i18n/en/') && !file.endsWith('index.ts'))

/** The catalogue, read as text so that this test does not depend on what loads it: key → message, and area → keys. */
const messages = new Map<string, { message: string; area: string }>()
for (const file of areas) {
  for (const [, key = '', quote = "'", message = ''] of read(file).matchAll(/^\s*'([\w.-]+)':\s*(['"`])([\s\S]*?)\2,$/gm)) {
    messages.set(key, { message: quote === "'" ? message.replaceAll("\\'", "'") : message, area: path.basename(file, '.ts') })
  }
}

type Syntax = { type: string; start: number; [field: string]: unknown }
const isSyntax = (value: unknown): value is Syntax =>
  typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string'

function walk(value: unknown, visit: (node: Syntax, inside: readonly string[]) => void, inside: readonly string[] = []) {
  if (Array.isArray(value)) for (const item of value) walk(item, visit, inside)
  if (!isSyntax(value)) return
  visit(value, inside)
  for (const field of Object.values(value)) walk(field, visit, [...inside, value.type])
}
const syntaxOf = (file: string) => parseSync(file, read(file)).program
const lineOf = (file: string, at: number) => `${file}:${read(file).slice(0, at).split('\n').length}`
const name = (node: unknown) => (isSyntax(node) && typeof node.name === 'string' ? node.name : undefined)

const SPOKEN = new Set([
  'aria-label',
  'aria-description',
  'aria-roledescription',
  'title',
  'placeholder',
  'alt',
  'label',
  'lead',
  'hint',
  'note',
])
/** Names of keys, a product's name in a drawing and command lines are the same in every language. */
const SAME_EVERYWHERE = /^(Ctrl K|⌘K|·|\/|%)$/

describe('every source file', () => {
  test('has at most 400 lines', () => {
    const long = files.filter((file) => read(file).split('\n').length > LINES_MAX)
    expect(long).toEqual([])
  })

  test('keeps text for people in the catalogue', () => {
    const literal: string[] = []
    for (const file of files.filter((candidate) => candidate.endsWith('.tsx'))) {
      walk(syntaxOf(file), (node) => {
        const text = node.type === 'JSXText' && typeof node.value === 'string' ? node.value.trim() : ''
        if (/\p{L}{2}/u.test(text) && !SAME_EVERYWHERE.test(text)) literal.push(`${lineOf(file, node.start)} ${text}`)
        if (node.type !== 'JSXAttribute' || !SPOKEN.has(name(node.name) ?? '')) return
        const value = isSyntax(node.value) && node.value.type === 'Literal' ? node.value.value : undefined
        if (typeof value === 'string' && /\p{L}{2}/u.test(value)) literal.push(`${lineOf(file, node.start)} ${value}`)
      })
    }
    expect(literal).toEqual([])
  })

  test('uses logical sides, so that right-to-left languages work', () => {
    const physical =
      /(?<![\w-])-?(?:[a-z-]+:)*(?:left|right|ml|mr|pl|pr|border-l|border-r|rounded-l|rounded-r|text-left|text-right)(?:-[\w[.%/()]+)?(?=[\s"'`])/
    const found = files.flatMap((file) =>
      [...read(file).matchAll(/(?:className=|className: )?["'`]([^"'`\n]*)["'`]/g)]
        .filter(
          ([, classes = '']) =>
            /(?:^|\s)(?:flex|grid|absolute|relative|fixed|p[xy]?-|m[xy]?-|text-\[)/.test(classes) && physical.test(`${classes} `),
        )
        .map((match) => lineOf(file, match.index)),
    )
    expect(found).toEqual([])
  })

  test('asks for words only while it renders, when they are loaded', () => {
    const early: string[] = []
    for (const file of files) {
      walk(syntaxOf(file), (node, inside) => {
        const called = node.type === 'CallExpression' ? name(node.callee) : undefined
        if ((called === 't' || called === 'rich') && !inside.some((type) => /Function|Method/.test(type)))
          early.push(lineOf(file, node.start))
      })
    }
    expect(early).toEqual([])
  })
})

/** The catalogue keys a file names, whole or as the start of a key made from data. */
function keysIn(file: string): { whole: Set<string>; starts: Set<string> } {
  // Permissions look like keys and may even share their names.
  const text = read(file).replaceAll(/\b(?:useCan|useCanNode|can|canNode)\([^)]*\)/g, '')
  const whole = new Set([...text.matchAll(/['"`]([a-z]\w*(?:\.[\w-]+)+)['"`]/g)].map((match) => match[1] ?? ''))
  const starts = new Set([...text.matchAll(/`([a-z]\w*\.(?:[\w-]+\.)*[\w-]*)\$\{/g)].map((match) => match[1] ?? ''))
  return { whole, starts }
}

describe('the catalogue', () => {
  const uses = files.filter((file) => !file.startsWith('lib/i18n/en/')).map((file) => ({ file, ...keysIn(file) }))

  test('has messages that parse', () => {
    expect(messages.size).toBeGreaterThan(100)
    for (const [key, { message }] of messages) expect(() => parseMessage(message), key).not.toThrow()
  })

  test('has no message that nothing shows', () => {
    const unused = [...messages.keys()].filter(
      (key) => !uses.some(({ whole, starts }) => whole.has(key) || [...starts].some((start) => key.startsWith(start))),
    )
    expect(unused).toEqual([])
  })

  test('of a feature is loaded by its index', () => {
    const missing: string[] = []
    for (const { file, whole, starts } of uses.filter((use) => use.file.startsWith('features/'))) {
      const index = read(`features/${file.split('/')[1]}/index.tsx`)
      const needed = [...messages].filter(([key]) => whole.has(key) || [...starts].some((start) => key.startsWith(start)))
      for (const area of new Set(needed.map(([, { area }]) => area))) {
        if (area !== 'shell' && !index.includes(`import '@/lib/i18n/en/${area}'`)) missing.push(`${file} needs ${area}`)
      }
    }
    expect(missing).toEqual([])
  })
})
