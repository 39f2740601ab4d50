import { describe, expect, test } from 'vitest'
import { readEvents, type SseEvent, SseParser } from './sse'

const parse = (...chunks: string[]): SseEvent[] => {
  const parser = new SseParser()
  return chunks.flatMap((chunk) => parser.push(chunk))
}
const STREAM =
  ': keep-alive\r\n\r\nid: 1\r\nevent: started\r\ndata: {"a":1}\r\n\r\nid: 2\r\nevent: delta\r\ndata: {"text":"Grüße 👋"}\r\n\r\n'
const EXPECTED: SseEvent[] = [
  { event: 'started', data: '{"a":1}', id: '1' },
  { event: 'delta', data: '{"text":"Grüße 👋"}', id: '2' },
]

describe('SseParser', () => {
  test('gives the same events wherever the chunks are cut', () => {
    expect(parse(STREAM)).toEqual(EXPECTED)
    for (let at = 1; at < STREAM.length; at++) expect(parse(STREAM.slice(0, at), STREAM.slice(at))).toEqual(EXPECTED)
    expect(parse(...STREAM)).toEqual(EXPECTED)
  })

  test('takes LF, CR and CRLF as line ends', () => {
    for (const end of ['\n', '\r', '\r\n']) {
      const text = ['event: step', 'data: x', '', 'data: y', '', ''].join(end)
      expect(parse(text, '\n')).toMatchObject([
        { event: 'step', data: 'x' },
        { event: 'message', data: 'y' },
      ])
    }
  })

  test('joins several data lines and keeps the last id', () => {
    expect(parse('id: 7\ndata: a\ndata: b\n\ndata:c\n\n')).toEqual([
      { event: 'message', data: 'a\nb', id: '7' },
      { event: 'message', data: 'c', id: '7' },
    ])
  })

  test('drops comments, events without data, and an event that was not ended', () => {
    expect(parse(': hello\n\nevent: empty\n\ndata: lost')).toEqual([])
  })
})

test('readEvents decodes characters that are split between chunks', async () => {
  const bytes = new TextEncoder().encode(STREAM)
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += 3) controller.enqueue(bytes.slice(at, at + 3))
      controller.close()
    },
  })
  const events: SseEvent[] = []
  for await (const event of readEvents(new Response(body))) events.push(event)
  expect(events).toEqual(EXPECTED)
})
