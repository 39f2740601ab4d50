import { fireEvent, render, screen } from '@testing-library/react'
import { marked } from 'marked'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Markdown } from './markdown'
import { BlockReader, loadMarkCloser } from './markdown-blocks'
import { SourcesContext } from './markdown-inline'

const LONG = [
  '## Three checks',
  'The supplier, the **order** and the `delivery note`.',
  '- one\n- two\n  - nested\n\n- loose three',
  '1. first\n2. second',
  '| Line | Amount |\n|---|---:|\n| Freight | 5,980.00 |',
  '```text\nInvoice 88412\n\n# not a heading\n```',
  '> quoted\n> twice',
  'The end.',
].join('\n\n')

/** Feeds a text in pieces, as it streams. */
function stream(text: string, size: number) {
  const reader = new BlockReader()
  const steps = Array.from({ length: Math.ceil(text.length / size) }, (_, step) => text.slice(0, (step + 1) * size))
  return { reader, states: steps.map((part) => reader.read(part, true)) }
}

describe('blocks of a growing text', () => {
  beforeAll(loadMarkCloser)

  test.each([1, 3, 17, 200])('come out the same in pieces of %i characters as all at once', (size) => {
    const { reader } = stream(LONG, size)
    const whole = marked.lexer(LONG).filter((token) => token.type !== 'space')
    const read = reader.read(LONG, false)
    expect(read.map((block) => block.token.type)).toEqual(whole.map((token) => token.type))
    expect(read.map((block) => block.token.raw.trimEnd())).toEqual(whole.map((token) => token.raw.trimEnd()))
  })

  test('keep their identity once they are closed', () => {
    const { states } = stream(LONG, 5)
    for (const [index, state] of states.entries()) {
      const next = states[index + 1]
      if (!next) break
      // All but the open last block of a state are the same objects in the next one.
      for (const [at, block] of state.slice(0, -1).entries()) {
        if (next.length > at + 1) expect(next[at]?.token.raw).toBe(block.token.raw)
      }
    }
    const [before, after] = [states.at(-2) ?? [], states.at(-1) ?? []]
    expect(after[0]).toBe(before[0])
    expect(after[3]).toBe(before[3])
  })

  test('lex only the open end', () => {
    const reader = new BlockReader()
    reader.read(LONG, true)
    const lexer = vi.spyOn(marked, 'lexer')
    reader.read(`${LONG} And more.`, true)
    for (const [text] of lexer.mock.calls) expect(text.length).toBeLessThan(30)
    lexer.mockRestore()
  })

  test('start over when the text is another one', () => {
    const reader = new BlockReader()
    reader.read(LONG, true)
    expect(reader.read('Something else.', false).map((block) => block.token.raw)).toEqual(['Something else.'])
  })

  test('close half-typed marks only while more may come', () => {
    const [live] = new BlockReader().read('This is **bo', true)
    expect(live?.token.raw).toBe('This is **bo**')
    const [still] = new BlockReader().read('This is **bo', false)
    expect(still?.token.raw).toBe('This is **bo')
  })
})

describe('markdown', () => {
  test('shows html and unsafe links as text', () => {
    const { container } = render(
      <Markdown text={'hi <img src=x onerror=alert(1)>\n\n<script>x</script>\n\n**b** [x](javascript:alert(1)) ![p](http://h/p.png)'} />,
    )
    expect(container.querySelector('img, script')).toBeNull()
    expect([...container.querySelectorAll('a')].map((link) => link.getAttribute('href'))).toEqual(['http://h/p.png'])
    expect(container.querySelector('strong')?.textContent).toBe('b')
    expect(container.textContent).toContain('<img src=x onerror=alert(1)>')
  })

  test('shows the host of a link', () => {
    render(<Markdown text="See [the rules](https://rules.example/a?b)." />)
    const link = screen.getByRole('link')
    expect(link.textContent).toBe('the rules (rules.example)')
    expect(link.getAttribute('rel')).toContain('noopener')
  })

  test('has ordered, nested and task lists', () => {
    const { container } = render(<Markdown text={'3. three\n4. four\n\n---\n\n- a\n  - b\n- [x] done'} />)
    expect(container.querySelector('ol')?.getAttribute('start')).toBe('3')
    expect(container.querySelectorAll('ul ul li')).toHaveLength(1)
    expect(container.textContent).toContain('☑')
  })

  test('turns citations into chips that open their source', () => {
    const open = vi.fn()
    render(
      <SourcesContext value={{ known: new Set([1]), pending: false, open }}>
        <Markdown text="Hold it [1], but see [2]. An array[10] too, `[1]` in code stays." />
      </SourcesContext>,
    )
    fireEvent.click(screen.getByRole('button'))
    expect(open).toHaveBeenCalledExactlyOnceWith(1)
    expect(document.body.textContent).toContain('see [2]. An array[10] too, [1] in code stays.')
  })

  test('leaves numbers in brackets alone where there are no sources', () => {
    const { container } = render(<Markdown text="Item [1] of 3" />)
    expect(container.textContent).toBe('Item [1] of 3')
  })

  test('has a caret only while it grows', () => {
    const view = render(<Markdown text="Grow" live />)
    expect(view.container.querySelector('.caret')).not.toBeNull()
    view.rerender(<Markdown text="Grown" />)
    expect(view.container.querySelector('.caret')).toBeNull()
  })
})
