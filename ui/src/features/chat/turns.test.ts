import { describe, expect, test } from 'vitest'
import type { Message } from '@/api/types'
import { newRun, type Run } from './run'
import { turnsOf } from './turns'

const message = (id: string, role: Message['role'], more: Partial<Message> = {}): Message => ({
  id,
  role,
  conversation_id: 'cnv_1',
  text: id,
  created_at: '2026-11-20T10:00:00.000Z',
  state: 'complete',
  attachments: [],
  citations: [],
  mode: null,
  model: null,
  usage: null,
  timing_ms: null,
  error: null,
  author: null,
  version: 1,
  versions: 1,
  notes: [],
  rating: null,
  ...more,
})
const history = [message('q1', 'user'), message('a1', 'assistant'), message('q2', 'user'), message('a2', 'assistant')]
const run = (more: Partial<Run>): Run => newRun({ id: 'run1', conversation_id: 'cnv_1', started_at: 0, ...more })
const shown = (messages: Message[], current?: Run) =>
  turnsOf(messages, current).map((turn) => [turn.question?.text ?? null, turn.answer?.text ?? null, turn.live])

describe('turns', () => {
  test('pair questions with answers, also where a page begins with an answer', () => {
    expect(shown(history)).toEqual([
      ['q1', 'a1', false],
      ['q2', 'a2', false],
    ])
    expect(shown(history.slice(1))).toEqual([
      [null, 'a1', false],
      ['q2', 'a2', false],
    ])
  })

  test('show a sent question at once, before the node has named it', () => {
    const sent = run({ question: { text: 'new', attachments: [{ name: 'a.txt', text_bytes: 3 }] } })
    expect(shown(history, sent).at(-1)).toEqual(['new', '', true])
    expect(turnsOf(history, sent).at(-1)?.question?.attachments).toHaveLength(1)
  })

  test('show neither question nor answer twice once they are stored', () => {
    const live = run({
      phase: 'running',
      message_id: 'a3',
      user_message_id: 'q3',
      question: { text: 'q3', attachments: [] },
      text: 'so far',
    })
    const read = [...history, message('q3', 'user'), message('a3', 'assistant', { state: 'running', text: '' })]
    expect(shown(read, live).slice(2)).toEqual([['q3', 'so far', true]])
    const done = run({ ...live, phase: 'done', answer: message('a3', 'assistant') })
    expect(shown([...history, message('q3', 'user'), message('a3', 'assistant')], done).slice(2)).toEqual([['q3', 'a3', false]])
  })

  test('keep the finished answer in view while the history is still the old one', () => {
    const done = run({
      phase: 'done',
      message_id: 'a3',
      user_message_id: 'q3',
      question: { text: 'q3', attachments: [] },
      answer: message('a3', 'assistant'),
    })
    expect(shown(history, done).at(-1)).toEqual(['q3', 'a3', false])
  })

  test('hide the answer that is written anew', () => {
    const again = run({ phase: 'running', message_id: 'a2b', replaces: 'a2', text: 'again' })
    expect(shown(history, again)).toEqual([
      ['q1', 'a1', false],
      ['q2', 'again', true],
    ])
    const read = [...history.slice(0, 3), message('a2b', 'assistant', { version: 2, versions: 2 })]
    expect(shown(read, run({ ...again, phase: 'done' }))).toEqual([
      ['q1', 'a1', false],
      ['q2', 'a2b', false],
    ])
  })

  test('hide an edited question with everything after it', () => {
    const edited = run({
      phase: 'running',
      message_id: 'a1b',
      user_message_id: 'q1b',
      replaces: 'q1',
      question: { text: 'q1b', attachments: [] },
    })
    expect(shown(history, edited)).toEqual([['q1b', '', true]])
  })

  test('join a running answer from another tab to its stored question', () => {
    const read = [...history, message('q3', 'user'), message('a3', 'assistant', { state: 'running', text: '' })]
    expect(shown(read, run({ phase: 'running', message_id: 'a3', text: 'from afar' })).at(-1)).toEqual(['q3', 'from afar', true])
  })

  test('leave the history alone when the node refused', () => {
    expect(shown(history, run({ phase: 'refused', question: { text: 'no', attachments: [] } }))).toHaveLength(2)
  })

  test('keep the key a turn had from its first moment', () => {
    const keys = turnsOf(history, undefined, (id) => (id === 'q2' ? 'run0' : id)).map((turn) => turn.key)
    expect(keys).toEqual(['q1', 'run0'])
  })
})
