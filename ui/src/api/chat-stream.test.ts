import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type ChatEvent, streamChat } from './chat-stream'
import { ApiError } from './error'

const fetchMock = vi.fn<typeof fetch>()
const frame = (event: string, data: object) => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
const STARTED = frame('started', {
  message_id: 'msg_1',
  conversation_id: 'cnv_1',
  user_message_id: 'msg_0',
  mode: 'generative',
  model: 'm',
})

/** A body that sends the text and then ends, or breaks. */
function stream(text: string, breaks = false): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(new TextEncoder().encode(text))
      if (!breaks) controller.close()
    },
    pull(controller) {
      controller.error(new TypeError('network error'))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}

async function collect(): Promise<ChatEvent[]> {
  const events: ChatEvent[] = []
  for await (const event of streamChat({ kind: 'send', ve_id: 've_1', input: { message: 'hello' } })) events.push(event)
  return events
}

beforeEach(() => {
  vi.stubGlobal('fetch', fetchMock)
  vi.useFakeTimers({ shouldAdvanceTime: true, advanceTimeDelta: 500 })
})
afterEach(() => {
  fetchMock.mockReset()
  vi.unstubAllGlobals()
  vi.useRealTimers()
})

test('gives started, steps, deltas and done in order, and asks for a stream', async () => {
  fetchMock.mockResolvedValue(
    stream(
      STARTED +
        frame('step', { kind: 'thinking', label: 'Thinking', state: 'running' }) +
        frame('delta', { text: 'Hi' }) +
        frame('done', {}),
    ),
  )
  expect((await collect()).map((event) => event.type)).toEqual(['started', 'step', 'delta', 'done'])
  const [url, init] = fetchMock.mock.calls[0] ?? []
  expect(url).toBe('/api/ves/ve_1/chat')
  expect(new Headers(init?.headers).get('accept')).toBe('text/event-stream')
})

test('rejoins a broken stream and says that the text starts again', async () => {
  fetchMock.mockResolvedValueOnce(stream(STARTED + frame('delta', { text: 'He' }), true))
  fetchMock.mockResolvedValueOnce(stream(frame('delta', { text: 'Hello' }) + frame('done', {})))
  const events = await collect()
  expect(events.map((event) => event.type)).toEqual(['started', 'delta', 'restarted', 'delta', 'done'])
  expect(fetchMock.mock.calls[1]?.[0]).toBe('/api/ves/ve_1/messages/msg_1/stream')
})

test('an error event ends the stream with the reason', async () => {
  fetchMock.mockResolvedValue(
    stream(STARTED + frame('error', { error: { code: 'engine_lost', message: 'the engine stopped', request_id: 'r' } })),
  )
  const last = (await collect()).at(-1)
  expect(last).toMatchObject({ type: 'failed', error: { code: 'engine_lost', request_id: 'r' } })
})

test('a refusal is thrown and not tried again', async () => {
  fetchMock.mockResolvedValue(
    new Response(JSON.stringify({ error: { code: 've_dismissed', message: 'm', request_id: 'r' } }), { status: 409 }),
  )
  await expect(collect()).rejects.toMatchObject({ code: 've_dismissed' })
  expect(fetchMock).toHaveBeenCalledTimes(1)
})

test('a connection that breaks before the answer has started is "unreachable"', async () => {
  fetchMock.mockResolvedValue(stream(': hello\n\n', true))
  await expect(collect()).rejects.toBeInstanceOf(ApiError)
  expect(fetchMock).toHaveBeenCalledTimes(1)
})
