import type { PlaygroundEvent } from '@/api/playground-stream'
import type { PlaygroundAnswer, PlaygroundRun } from '@/api/types'

/** What a column is doing. */
export type Phase = 'waiting' | 'loading' | 'reading' | 'writing'
/** Where an answer stands in its model's queue; 1 is next. */
export type Place = { position: number; estimate_ms: number | null }
/** An answer on its way to this tab. `pieces` counts tokens; times are of `performance.now()`. */
export type LiveAnswer = {
  phase: Phase
  place: Place | null
  text: string
  pieces: number
  first_at: number | null
  last_at: number | null
}
/** A run on its way: answers under way by id, ended ones as the node stored them, and the whole run at its end. */
export type LiveRun = {
  writing: Readonly<Record<string, LiveAnswer>>
  ended: Readonly<Record<string, PlaygroundAnswer>>
  run: PlaygroundRun | null
}

export const NOTHING: LiveRun = { writing: {}, ended: {}, run: null }
const WAITING: LiveAnswer = { phase: 'waiting', place: null, text: '', pieces: 0, first_at: null, last_at: null }

function changed(live: LiveRun, id: string, change: (answer: LiveAnswer) => Partial<LiveAnswer>): LiveRun {
  const before = live.writing[id] ?? WAITING
  return { ...live, writing: { ...live.writing, [id]: { ...before, ...change(before) } } }
}

/** The run after an event; `now` is `performance.now()`. `started` begins anew: a stream that is rejoined tells everything again. */
export function reduceRun(live: LiveRun, event: PlaygroundEvent, now: number): LiveRun {
  switch (event.type) {
    case 'started':
      return { ...NOTHING }
    case 'queued': {
      const { position, estimate_ms } = event
      return changed(live, event.answer_id, () => ({ phase: 'waiting', place: { position, estimate_ms } }))
    }
    case 'loading':
      return changed(live, event.answer_id, () => ({ phase: 'loading' }))
    case 'reading':
      return changed(live, event.answer_id, () => ({ phase: 'reading' }))
    case 'delta':
      return changed(live, event.answer_id, (answer) => ({
        phase: 'writing',
        text: answer.text + event.text,
        pieces: answer.pieces + 1,
        first_at: answer.first_at ?? now,
        last_at: now,
      }))
    case 'answered':
      return { ...live, ended: { ...live.ended, [event.answer.id]: event.answer } }
    case 'done':
      return { ...live, run: event.run }
  }
}

/** Tokens per second as they arrive here; nothing before the second one. */
export function paceOf(answer: LiveAnswer): number | null {
  const { first_at, last_at, pieces } = answer
  if (first_at === null || last_at === null || pieces < 2 || last_at <= first_at) return null
  return ((pieces - 1) * 1000) / (last_at - first_at)
}

/** The answer of a run that wrote fastest, when more than one can be compared. */
export function fastestOf(answers: readonly PlaygroundAnswer[]): string | null {
  const measured = answers.filter((answer) => answer.state === 'complete' && answer.figures.tokens_per_second !== null)
  if (measured.length < 2) return null
  const speed = (answer: PlaygroundAnswer) => answer.figures.tokens_per_second ?? 0
  return measured.reduce((best, answer) => (speed(answer) > speed(best) ? answer : best)).id
}
