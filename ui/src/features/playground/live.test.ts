import { describe, expect, test } from 'vitest'
import type { PlaygroundAnswer } from '@/api/types'
import { fastestOf, NOTHING, paceOf, reduceRun } from './live'

const answer = (id: string, speed: number | null, state: PlaygroundAnswer['state'] = 'complete'): PlaygroundAnswer => ({
  id,
  model: 'm',
  parameters: {},
  state,
  text: 'x',
  figures: {
    input_tokens: 1,
    output_tokens: 1,
    cached_tokens: 0,
    queue_ms: 0,
    first_token_ms: 1,
    total_ms: 2,
    tokens_per_second: speed,
    cost_micro_credits: 0,
  },
  cut_off: false,
  error: null,
  rating: null,
})

describe('a live run', () => {
  test('gathers the pieces of each column and its pace', () => {
    let live = reduceRun(NOTHING, { type: 'queued', answer_id: 'a', position: 2, estimate_ms: 4000 }, 0)
    expect(live.writing.a).toMatchObject({ phase: 'waiting', place: { position: 2, estimate_ms: 4000 } })
    live = reduceRun(live, { type: 'loading', answer_id: 'a' }, 0)
    expect(live.writing.a?.phase).toBe('loading')
    live = reduceRun(live, { type: 'reading', answer_id: 'b', input_tokens: 3 }, 0)
    for (const [at, text] of [
      [1000, 'Hel'],
      [1100, 'lo'],
      [1200, '!'],
    ] as const)
      live = reduceRun(live, { type: 'delta', answer_id: 'a', text }, at)
    expect(live.writing.a?.text).toBe('Hello!')
    expect(live.writing.b?.text).toBe('')
    const writing = live.writing.a
    expect(writing && paceOf(writing)).toBe(10)
  })

  test('keeps ended answers and starts anew when the stream does', () => {
    let live = reduceRun(NOTHING, { type: 'delta', answer_id: 'a', text: 'x' }, 1)
    live = reduceRun(live, { type: 'answered', answer: answer('a', 3) }, 2)
    expect(live.ended.a?.text).toBe('x')
    expect(reduceRun(live, { type: 'started', run: {} as never }, 3)).toEqual(NOTHING)
  })

  test('the fastest is named only among several complete answers', () => {
    expect(fastestOf([answer('a', 3), answer('b', 5)])).toBe('b')
    expect(fastestOf([answer('a', 3), answer('b', 5, 'stopped')])).toBe(null)
    expect(fastestOf([answer('a', 3), answer('b', null)])).toBe(null)
  })
})
