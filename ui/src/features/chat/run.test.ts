import { describe, expect, test } from 'vitest'
import type { ChatEvent } from '@/api/chat-stream'
import { ApiError } from '@/api/error'
import type { ChatAnswer, Message } from '@/api/types'
import { isActive, newRun, type Run, type RunEvent, reduceRun } from './run'

const message: Message = {
  id: 'msg_a',
  conversation_id: 'cnv_1',
  role: 'assistant',
  text: 'Hold the invoice [1].',
  created_at: '2026-11-20T10:00:00.000Z',
  state: 'complete',
  attachments: [],
  citations: [],
  mode: 'extractive',
  model: 'extractive',
  usage: null,
  timing_ms: null,
  error: null,
  author: null,
  version: 1,
  versions: 1,
  notes: [],
  rating: null,
}
const answer: ChatAnswer = {
  message,
  usage: { input_tokens: 10, output_tokens: 4, cached_tokens: 0 },
  mode: 'extractive',
  model: 'extractive',
  citations: [],
  timing_ms: { queue: 0, first_token: 3, total: 9 },
  conversation_id: 'cnv_1',
  finish_reason: 'stop',
}
const started: ChatEvent = {
  type: 'started',
  message_id: 'msg_a',
  conversation_id: 'cnv_1',
  user_message_id: 'msg_q',
  mode: 'extractive',
  model: 'extractive',
}
const refusal = new ApiError({ code: 'engine_stopped', message: 'the engine stopped', status: 200 })
const fresh = newRun({ id: 'run1', conversation_id: null, question: { text: 'Q', attachments: [] }, started_at: 0 })
const after = (events: RunEvent[], run: Run = fresh) => events.reduce((state, event, index) => reduceRun(state, event, index + 1), run)
const step = (state: 'running' | 'done'): ChatEvent => ({ type: 'step', kind: 'searching', label: 'Searching', state })
const delta = (text: string): ChatEvent => ({ type: 'delta', text })

describe('a run', () => {
  test('gathers its names, steps and words, and ends with what the node stored', () => {
    const running = after([started, step('running'), delta('Hold '), delta('the')])
    expect(running).toMatchObject({
      phase: 'running',
      message_id: 'msg_a',
      user_message_id: 'msg_q',
      conversation_id: 'cnv_1',
      text: 'Hold the',
    })
    expect(running.steps).toEqual([{ kind: 'searching', label: 'Searching', state: 'running' }])
    const done = after([{ type: 'done', answer }], running)
    expect(done).toMatchObject({ phase: 'done', text: message.text, answer: message, ended_at: 1 })
    expect(done.steps.every((known) => known.state === 'done')).toBe(true)
    expect(isActive(done)).toBe(false)
  })

  test('keeps one step for its begin and end, and a second one when the kind comes again', () => {
    const once = after([started, step('running'), step('done')])
    expect(once.steps.map((known) => known.state)).toEqual(['done'])
    expect(after([step('done')], once).steps).toHaveLength(1)
    expect(after([step('running')], once).steps.map((known) => known.state)).toEqual(['done', 'running'])
  })

  test('that fails keeps its words and says why', () => {
    const failed = after([started, delta('Hold '), { type: 'failed', error: refusal }])
    expect(failed).toMatchObject({ phase: 'failed', text: 'Hold ', error: { code: 'engine_stopped', message: 'the engine stopped' } })
  })

  test('that the node refuses before it begins is refused, not lost', () => {
    expect(after([{ type: 'thrown', error: refusal }])).toMatchObject({
      phase: 'refused',
      message_id: null,
      error: { code: 'engine_stopped' },
    })
  })

  test('whose connection breaks for good is lost, with its words', () => {
    const lost = after([started, delta('Hold '), { type: 'thrown', error: refusal }])
    expect(lost).toMatchObject({ phase: 'lost', text: 'Hold ', error: { code: 'engine_stopped' } })
  })

  test('that is replayed starts its words and steps again', () => {
    const replayed = after([started, step('running'), delta('Hold '), { type: 'restarted' }, started, delta('Hold '), delta('the')])
    expect(replayed.text).toBe('Hold the')
    expect(replayed.steps).toEqual([])
  })

  test('joined late keeps the question it knows', () => {
    const joined = after([{ ...started, user_message_id: 'msg_q' }, { type: 'restarted' }])
    expect(joined.user_message_id).toBe('msg_q')
  })

  test('that is stopped stays open until the node says it ended', () => {
    const stopping = after([started, delta('Hold '), { type: 'stop' }, delta('the')])
    expect(stopping).toMatchObject({ phase: 'running', stopping: true, text: 'Hold the' })
    const stopped: ChatAnswer = { ...answer, message: { ...message, state: 'stopped', text: 'Hold the' }, finish_reason: 'cancelled' }
    const end = after([{ type: 'done', answer: stopped }], stopping)
    expect(end).toMatchObject({ phase: 'done', stopping: false, text: 'Hold the' })
    expect(end.answer?.state).toBe('stopped')
  })

  test('that has ended hears nothing more', () => {
    const done = after([started, { type: 'done', answer }])
    expect(after([delta('more'), { type: 'stop' }, { type: 'thrown', error: refusal }], done)).toBe(done)
  })
})
