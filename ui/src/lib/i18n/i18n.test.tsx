import { render } from '@testing-library/react'
import { describe, expect, test } from 'vitest'
import { rich, t } from '.'
import { formatBytes, formatDuration, formatMoney, formatRelative } from './format'
import { argumentsOf, type Node, parseMessage } from './message'
import { pseudo } from './pseudo'
import './en/signin'

const plain = (nodes: Node[]): string =>
  nodes.map((node) => (typeof node === 'string' ? node : node.kind === 'tag' ? plain(node.children) : '')).join('')

describe('messages', () => {
  test('choose the plural form and format the number', () => {
    expect(t('signin.wait', { seconds: 1 })).toBe('Too many attempts. Try again in 1 second.')
    expect(t('signin.wait', { seconds: 30 })).toBe('Too many attempts. Try again in 30 seconds.')
    expect(t('capacity.note', { busy: 0, all: 4 })).toBe('Nobody is answering right now')
    expect(t('capacity.note', { busy: 1, all: 4 })).toBe('1 of 4 is answering')
  })

  test('show the name of a value that is missing', () => {
    expect(t('signin.lead')).toContain('{node}')
  })

  test('put elements where their tags are', () => {
    const { container } = render(<p>{rich('door.headline', { shine: (words) => <b>{words}</b> })}</p>)
    expect(container.querySelector('b')?.textContent).toBe('Work is inside.')
    expect(container.textContent).toBe('The door is open. Work is inside.')
  })

  test('with arguments, plurals and tags inside each other parse', () => {
    const nodes = parseMessage('{count, plural, =0 {none} one {# of {all}} other {<b>#</b> of {all}}} in {place}')
    expect([...argumentsOf(nodes)].sort()).toEqual(['all', 'count', 'place'])
  })

  test.each(['{open', '{count, plural, one {x}}', '<b>open', 'close}', '{count, plural, one {x} other {y}'])('refuse %s', (message) => {
    // A closing brace outside an argument is plain text, as in ICU with apostrophes off.
    if (message === 'close}') expect(plain(parseMessage(message))).toBe('close}')
    else expect(() => parseMessage(message)).toThrow()
  })

  test('of the pseudo-locale are at least 40 % longer and carry no plain vowels', () => {
    const source = 'Everything your employees think with'
    const shown = plain(pseudo(parseMessage(source)))
    expect(shown.length).toBeGreaterThanOrEqual(source.length * 1.4)
    expect(shown).not.toMatch(/[aeiou]/i)
  })
})

describe('formats', () => {
  const now = Date.parse('2026-11-20T12:00:00Z')
  test.each([
    ['2026-11-20T11:59:40Z', 'now'],
    ['2026-11-20T11:56:00Z', '4 minutes ago'],
    ['2026-11-20T09:00:00Z', '3 hours ago'],
    ['2026-11-19T11:00:00Z', 'yesterday'],
  ])('%s is %s', (iso, expected) => expect(formatRelative(iso, now)).toBe(expected))

  test('sizes are decimal, durations keep the two largest units, whole amounts drop their cents', () => {
    expect(formatBytes(5_030_000_000)).toBe('5 GB')
    expect(formatBytes(24_300_000)).toBe('24.3 MB')
    expect(formatBytes(0)).toBe('0 bytes')
    expect(formatDuration(840)).toBe('840\u00a0ms')
    expect(formatDuration(250_400)).toBe('4\u00a0min 10\u00a0s')
    expect(formatMoney(900, 'EUR')).toContain('9')
    expect(formatMoney(900, 'EUR')).not.toContain('.00')
    expect(formatMoney(950, 'EUR')).toContain('9.50')
  })
})
