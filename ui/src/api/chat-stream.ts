import { buildUrl, changeHeaders, send } from './client'
import { ApiError, errorFromBody, isApiError, unreachable } from './error'
import { readEvents, type SseEvent } from './sse'
import type { AnswerMode, ChatAnswer, ChatInput, EditInput, ErrorBody } from './types'

export type StepKind = 'loading_model' | 'reading' | 'searching' | 'thinking'
/** What a running answer reports. After `restarted` the text starts again from nothing: the node replays the answer so far. */
export type ChatEvent =
  | { type: 'started'; message_id: string; conversation_id: string; user_message_id: string; mode: AnswerMode; model: string }
  | { type: 'step'; kind: StepKind; label: string; state: 'running' | 'done' }
  | { type: 'delta'; text: string }
  | { type: 'done'; answer: ChatAnswer }
  | { type: 'failed'; error: ApiError }
  | { type: 'restarted' }

/** How to begin an answer: a new message, a second try, or a changed question. */
export type ChatStart =
  | { kind: 'send'; ve_id: string; input: ChatInput; idempotencyKey?: string }
  | { kind: 'regenerate'; ve_id: string; message_id: string }
  | { kind: 'edit'; ve_id: string; message_id: string; input: EditInput }

const REJOINS_MAX = 5
const REJOIN_WAIT_MS = 800

const wait = (ms: number, signal?: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal?.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

type Wire = {
  started: Omit<Extract<ChatEvent, { type: 'started' }>, 'type'>
  step: Omit<Extract<ChatEvent, { type: 'step' }>, 'type'>
  delta: { text: string }
  done: ChatAnswer
  error: ErrorBody
}
/** The data of one event; the node's OpenAPI document vouches for its shape. */
const dataOf = <Name extends keyof Wire>(_: Name, event: SseEvent): Wire[Name] => JSON.parse(event.data)

function read(event: SseEvent): ChatEvent | null {
  switch (event.event) {
    case 'started':
      return { type: 'started', ...dataOf('started', event) }
    case 'step':
      return { type: 'step', ...dataOf('step', event) }
    case 'delta':
      return { type: 'delta', text: dataOf('delta', event).text }
    case 'done':
      return { type: 'done', answer: dataOf('done', event) }
    case 'error':
      return { type: 'failed', error: errorFromBody(dataOf('error', event), { status: 200 }) }
    default:
      return null
  }
}

function begin(start: ChatStart, signal?: AbortSignal): Promise<Response> {
  const path = { id: start.ve_id, message: start.kind === 'send' ? '' : start.message_id }
  const template =
    start.kind === 'send'
      ? '/api/ves/{id}/chat'
      : start.kind === 'edit'
        ? '/api/ves/{id}/messages/{message}/edit'
        : '/api/ves/{id}/messages/{message}/regenerate'
  const key = start.kind === 'send' ? start.idempotencyKey : undefined
  const body = start.kind === 'regenerate' ? undefined : JSON.stringify(start.input)
  const headers = { ...changeHeaders(body !== undefined, key), accept: 'text/event-stream' }
  return send(buildUrl(template, path), { method: 'POST', headers, body, signal })
}

const rejoin = (ve_id: string, message_id: string, signal?: AbortSignal) =>
  send(buildUrl('/api/ves/{id}/messages/{message}/stream', { id: ve_id, message: message_id }), {
    headers: { accept: 'text/event-stream' },
    signal,
  })

/**
 * Follows an answer to its end. A connection that breaks in between is rejoined, with `restarted` before the replay.
 * Ends after `done` or `failed`. Throws `ApiError` when the node refuses, or cannot be reached again.
 */
async function* follow(
  open: () => Promise<Response>,
  ve_id: string,
  known: string | null,
  signal?: AbortSignal,
): AsyncGenerator<ChatEvent> {
  let message_id = known
  let next = open
  for (let attempt = 0; attempt <= REJOINS_MAX; attempt++) {
    try {
      for await (const raw of readEvents(await next())) {
        const event = read(raw)
        if (!event) continue
        if (event.type === 'started') message_id = event.message_id
        yield event
        if (event.type === 'done' || event.type === 'failed') return
      }
    } catch (error) {
      if (signal?.aborted) throw error
      if (error instanceof ApiError && !isApiError(error, 'unreachable')) throw error
    }
    if (message_id === null) throw unreachable()
    const id = message_id
    await wait(REJOIN_WAIT_MS * (attempt + 1), signal)
    next = () => rejoin(ve_id, id, signal)
    yield { type: 'restarted' }
  }
  throw unreachable()
}

/** Starts an answer and streams it. Aborting the signal stops listening, not the answer: use the `stop` operation for that. */
export const streamChat = (start: ChatStart, signal?: AbortSignal) => follow(() => begin(start, signal), start.ve_id, null, signal)

/** Joins an answer that is already running (a second tab, a reload). Its first events replay the answer so far. */
export const followMessage = (ve_id: string, message_id: string, signal?: AbortSignal) =>
  follow(() => rejoin(ve_id, message_id, signal), ve_id, message_id, signal)
