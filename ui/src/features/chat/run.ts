import type { ChatEvent, StepKind } from '@/api/chat-stream'
import { type ApiError, isApiError } from '@/api/error'
import type { AnswerMode, Attachment, Message } from '@/api/types'

export type RunStep = { kind: StepKind; label: string; state: 'running' | 'done' }
/**
 * `starting` until the node names the answer, `refused` when it never did, `lost` when the connection broke for good while the
 * node may still be writing. The rest are the ends an answer can have.
 */
export type RunPhase = 'starting' | 'running' | 'done' | 'failed' | 'refused' | 'lost'

/** One answer on its way to this tab, from the question to its end. */
export type Run = {
  /** Names the turn on the page before the node has named its messages. */
  id: string
  phase: RunPhase
  conversation_id: string | null
  message_id: string | null
  user_message_id: string | null
  /** What was asked; `null` where the question is a stored message already. */
  question: { text: string; attachments: readonly Attachment[] } | null
  /** The message this run takes the place of, with everything after it. */
  replaces: string | null
  mode: AnswerMode | null
  model: string | null
  steps: readonly RunStep[]
  text: string
  /** The finished answer as the node stored it. */
  answer: Message | null
  error: { code: string; message: string } | null
  /** A person asked for the end; it is not there yet. */
  stopping: boolean
  /** Milliseconds of `Date.now()`. */
  started_at: number
  ended_at: number | null
}

export type RunEvent = ChatEvent | { type: 'stop' } | { type: 'thrown'; error: unknown }

type Start = Pick<Run, 'id' | 'conversation_id' | 'started_at'> & Partial<Run>
export const newRun = (start: Start): Run => ({
  phase: 'starting',
  message_id: null,
  user_message_id: null,
  question: null,
  replaces: null,
  mode: null,
  model: null,
  steps: [],
  text: '',
  answer: null,
  error: null,
  stopping: false,
  ended_at: null,
  ...start,
})

export const isActive = (run: Run | undefined): run is Run & { phase: 'starting' | 'running' } =>
  run?.phase === 'starting' || run?.phase === 'running'

const finished = (steps: readonly RunStep[]) => steps.map((step): RunStep => ({ ...step, state: 'done' }))

/** A step is told when it begins and again when it ends; a kind that begins again after it ended is a new step. */
function withStep(steps: readonly RunStep[], step: RunStep): readonly RunStep[] {
  const at = steps.findLastIndex((known) => known.kind === step.kind && known.state === 'running')
  if (at >= 0) return steps.with(at, step)
  return step.state === 'done' && steps.some((known) => known.kind === step.kind) ? steps : [...steps, step]
}

const facts = (error: unknown): { code: string; message: string } =>
  isApiError(error) ? { code: error.code, message: error.message } : { code: 'interface', message: String(error) }

function failed(run: Run, error: ApiError, now: number): Run {
  return { ...run, phase: 'failed', error: facts(error), stopping: false, ended_at: now }
}

/** The run after an event; `now` is `Date.now()`. A run that has ended stays as it is. */
export function reduceRun(run: Run, event: RunEvent, now: number): Run {
  if (!isActive(run)) return run
  switch (event.type) {
    case 'started': {
      const { message_id, conversation_id, mode, model } = event
      const user_message_id = event.user_message_id ?? run.user_message_id
      return { ...run, phase: 'running', message_id, conversation_id, user_message_id, mode, model }
    }
    case 'step':
      return { ...run, steps: withStep(run.steps, { kind: event.kind, label: event.label, state: event.state }) }
    case 'delta':
      return { ...run, text: run.text + event.text }
    case 'done': {
      const answer = event.answer.message
      const steps = finished(run.steps)
      return {
        ...run,
        phase: 'done',
        answer,
        text: answer.text,
        mode: event.answer.mode,
        model: event.answer.model,
        steps,
        stopping: false,
        ended_at: now,
      }
    }
    case 'failed':
      return failed(run, event.error, now)
    case 'restarted':
      return { ...run, text: '', steps: [] }
    case 'stop':
      return { ...run, stopping: true }
    case 'thrown':
      return { ...run, phase: run.message_id === null ? 'refused' : 'lost', error: facts(event.error), stopping: false, ended_at: now }
  }
}
