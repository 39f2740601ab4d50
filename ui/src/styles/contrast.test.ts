// @vitest-environment node
import fs from 'node:fs'
import { describe, expect, test } from 'vitest'

const source = fs.readFileSync(new URL('./tokens.css', import.meta.url), 'utf8')
const TEXT = 4.5
const GRAPHIC = 3
/** The smallest text has more room than WCAG asks for. */
const SMALL_TEXT = 5

function tokens(theme: 'light' | 'dark'): Map<string, string> {
  const block = source.slice(source.indexOf(theme === 'light' ? '[data-theme=light]' : '[data-theme=dark]')).split('}')[0] ?? ''
  return new Map([...block.matchAll(/--([\w-]+):\s*(#[0-9A-Fa-f]{6})/g)].map((match) => [match[1] ?? '', match[2] ?? '']))
}

/** Relative luminance (WCAG 2.2, "relative luminance"). */
function luminance(hex: string): number {
  const channel = (at: number) => {
    const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }
  return 0.2126 * channel(1) + 0.7152 * channel(3) + 0.0722 * channel(5)
}
function contrast(first: string, second: string): number {
  const [low = 0, high = 0] = [luminance(first), luminance(second)].sort((a, b) => a - b)
  return (high + 0.05) / (low + 0.05)
}

const GROUNDS = ['canvas', 'surface', 'surface-2'] as const
const INKS = ['ink', 'ink-2', 'ink-3', 'brand', 'violet', 'cyan', 'success', 'warn', 'danger', 'info'] as const

describe.each(['light', 'dark'] as const)('%s theme', (theme) => {
  const colours = tokens(theme)
  const colour = (name: string) => {
    const hex = colours.get(name)
    if (!hex) throw new Error(`no token ${name} in the ${theme} theme`)
    return hex
  }

  test.each(INKS)('%s is readable on every ground', (ink) => {
    const least = ink === 'ink-3' ? SMALL_TEXT : TEXT
    for (const ground of GROUNDS) expect(contrast(colour(ink), colour(ground)), `${ink} on ${ground}`).toBeGreaterThanOrEqual(least)
  })

  test('the border of what is operated is seen on every ground', () => {
    for (const ground of GROUNDS) expect(contrast(colour('field'), colour(ground))).toBeGreaterThanOrEqual(GRAPHIC)
  })

  test('white is readable on the brand fill, and the fill is seen on the page', () => {
    for (const fill of ['brand-fill', 'brand-fill-hover']) expect(contrast('#FFFFFF', colour(fill))).toBeGreaterThanOrEqual(TEXT)
    for (const ground of ['canvas', 'surface']) expect(contrast(colour('brand-fill'), colour(ground))).toBeGreaterThanOrEqual(GRAPHIC)
  })

  test('brand text is readable on the soft brand ground', () => {
    expect(contrast(colour('brand'), colour('brand-soft'))).toBeGreaterThanOrEqual(TEXT)
    expect(contrast(colour('ink'), colour('brand-soft'))).toBeGreaterThanOrEqual(TEXT)
  })
})
