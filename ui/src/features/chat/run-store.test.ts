import { renderHook } from '@testing-library/react'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { ChatEvent } from '@/api/chat-stream'
import { ApiError } from '@/api/error'
import { newRun } from './run'
import { conversationKey, leaveNewPage, listen, markStopping, runOf, turnKey, usePageKey, useRun } from './run-store'

const started = (conversation: string): ChatEvent => ({
  type: 'started',
  message_id: `msg_${conversation}`,
  conversation_id: conversation,
  user_message_id: `msg_q_${conversation}`,
  mode: 'generative',
  model: 'm',
})
const delta = (text: string): ChatEvent => ({ type: 'delta', text })
const lost = new ApiError({ code: 'unreachable', message: 'the node cannot be reached', status: 0 })

/** A stream whose events the test hands out one by one. */
function channel() {
  const waiting: ((event: ChatEvent | ApiError | null) => void)[] = []
  async function* events(): AsyncGenerator<ChatEvent> {
    for (;;) {
      const event = await new Promise<ChatEvent | ApiError | null>((resolve) => waiting.push(resolve))
      if (event === null) return
      if (event instanceof ApiError) throw event
      yield event
    }
  }
  const push = async (event: ChatEvent | ApiError | null) => {
    await vi.waitFor(() => expect(waiting.length).toBeGreaterThan(0))
    waiting.shift()?.(event)
    await new Promise((resolve) => setTimeout(resolve))
  }
  return { events, push }
}

let frames: (() => void)[] = []
const drawFrame = () => {
  const due = frames
  frames = []
  for (const frame of due) frame()
}
beforeEach(() => {
  vi.stubGlobal('requestAnimationFrame', (frame: () => void) => frames.push(frame))
  vi.stubGlobal('cancelAnimationFrame', () => undefined)
})
afterEach(() => {
  frames = []
  vi.unstubAllGlobals()
})

let number = 0
function begin(conversation: string | null) {
  number += 1
  const ve = `ve_${number}`
  const key = conversationKey('per_1', ve, conversation)
  const stream = channel()
  const run = newRun({ id: `run_${number}`, conversation_id: conversation, question: { text: 'Q', attachments: [] }, started_at: 0 })
  const ended = listen({ person: 'per_1', key, run, events: stream.events })
  return { key, run, ended, push: stream.push, conversation: `cnv_${number}` }
}

describe('answers this tab listens to', () => {
  test('hand on their words once per frame', async () => {
    const { key, push } = begin('cnv_frames')
    await push(started('cnv_frames'))
    await push(delta('Hold '))
    await push(delta('the '))
    expect(runOf(key)?.text).toBe('')
    expect(frames).toHaveLength(1)
    drawFrame()
    expect(runOf(key)?.text).toBe('Hold the ')
    await push(null)
  })

  test('lose no word when the end comes before the frame', async () => {
    const { key, ended, push } = begin('cnv_end')
    await push(started('cnv_end'))
    await push(delta('Hold it.'))
    await push(lost)
    await ended
    expect(runOf(key)).toMatchObject({ phase: 'lost', text: 'Hold it.' })
  })

  test('tell whoever asks that the node refused', async () => {
    const { ended, push } = begin(null)
    await push(lost)
    expect(await ended).toMatchObject({ phase: 'refused', error: { code: 'unreachable' } })
  })

  test('of a new conversation are found under its id, on the same page', async () => {
    const { key, push, conversation, run } = begin(null)
    const page = renderHook(() => usePageKey(key)).result.current
    await push(started(conversation))
    const settled = conversationKey('per_1', '', conversation)
    expect(runOf(settled)?.conversation_id).toBe(conversation)
    expect(renderHook(() => usePageKey(settled)).result.current).toBe(page)
    expect(turnKey(`msg_q_${conversation}`)).toBe(run.id)
    leaveNewPage(key)
    expect(runOf(key)).toBeUndefined()
    expect(runOf(settled)?.id).toBe(run.id)
    expect(renderHook(() => usePageKey(key)).result.current).not.toBe(page)
    await push(null)
  })

  test('go on when the page where they began is left before they have an id', async () => {
    const { key, push, conversation } = begin(null)
    leaveNewPage(key)
    await push(started(conversation))
    expect(runOf(key)).toBeUndefined()
    expect(runOf(conversationKey('per_1', '', conversation))?.phase).toBe('running')
    await push(null)
  })

  test('can be asked to stop, and say so until they end', async () => {
    const { key, push } = begin('cnv_stop')
    await push(started('cnv_stop'))
    markStopping(key)
    expect(renderHook(() => useRun(key)).result.current?.stopping).toBe(true)
    await push(null)
  })
})
