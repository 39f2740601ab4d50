import { describe, expect, test } from 'vitest'
import { FILE_BYTES_MAX, FILES_MAX, freeName, pastedFile, readFiles, type TextFile } from './attachments'

const file = (name: string, content: BlobPart = 'text') => new File([content], name)
const kept = (count: number): TextFile[] =>
  Array.from({ length: count }, (_, index) => ({ id: `${index}`, name: `${index}.txt`, text: 'x', bytes: 1 }))

describe('attached files', () => {
  test('are read as text, without a byte order mark', async () => {
    const { files, refused } = await readFiles([file('Order.CSV', '\uFEFFline;amount\nä;1')], [])
    expect(refused).toEqual([])
    expect(files).toMatchObject([{ name: 'Order.CSV', text: 'line;amount\nä;1' }])
  })

  test.each([
    ['picture.png', 'x', 'type'],
    ['noextension', 'x', 'type'],
    ['empty.txt', '', 'empty'],
    ['large.log', 'x'.repeat(FILE_BYTES_MAX + 1), 'size'],
    ['latin.txt', new Uint8Array([0xe4, 0xf6, 0xfc]), 'binary'],
    ['zeros.txt', 'a\0b', 'binary'],
  ] as const)('refuse %s', async (name, content, reason) => {
    const { files, refused } = await readFiles([file(name, content)], kept(1))
    expect(files).toHaveLength(1)
    expect(refused).toEqual([{ name, reason }])
  })

  test('are at most eight, and the rest is named', async () => {
    const { files, refused } = await readFiles([file('a.txt'), file('b.txt')], kept(FILES_MAX - 1))
    expect(files).toHaveLength(FILES_MAX)
    expect(refused).toEqual([{ name: 'b.txt', reason: 'count' }])
  })

  test('of the same name get a number', async () => {
    const { files } = await readFiles([file('a.txt'), file('a.txt')], [])
    expect(files.map(({ name }) => name)).toEqual(['a.txt', 'a (2).txt'])
    expect(freeName('a (2).txt', ['a (2).txt'])).toBe('a (2) (2).txt')
  })

  test('can be made from pasted text within the same bounds', () => {
    expect(pastedFile('abc', 'pasted.txt', [])).toMatchObject({ name: 'pasted.txt', bytes: 3 })
    expect(pastedFile('x'.repeat(FILE_BYTES_MAX + 1), 'pasted.txt', [])).toEqual({ name: 'pasted.txt', reason: 'size' })
    expect(pastedFile('abc', 'pasted.txt', kept(FILES_MAX))).toEqual({ name: 'pasted.txt', reason: 'count' })
  })
})
