import { buildUrl, send } from './client'
import { ApiError, errorFromBody, isApiError, unreachable } from './error'
import { readEvents, type SseEvent } from './sse'
import type { ErrorBody, PlaygroundAnswer, PlaygroundRun } from './types'

/** What a run reports. All columns share one stream; each event names its answer. `started` begins every replay. */
export type PlaygroundEvent =
  | { type: 'started'; run: PlaygroundRun }
  | { type: 'queued'; answer_id: string; position: number; estimate_ms: number | null }
  | { type: 'loading'; answer_id: string }
  | { type: 'reading'; answer_id: string; input_tokens: number }
  | { type: 'delta'; answer_id: string; text: string }
  | { type: 'answered'; answer: PlaygroundAnswer }
  | { type: 'done'; run: PlaygroundRun }

const REJOINS_MAX = 5
const REJOIN_WAIT_MS = 800

type Wire = {
  started: PlaygroundRun
  queued: { answer_id: string; position: number; estimate_ms: number | null }
  loading: { answer_id: string }
  reading: { answer_id: string; input_tokens: number }
  delta: { answer_id: string; text: string }
  answered: PlaygroundAnswer
  done: PlaygroundRun
  error: ErrorBody
}
/** The data of one event; the node's OpenAPI document vouches for its shape. */
const dataOf = <Name extends keyof Wire>(_: Name, event: SseEvent): Wire[Name] => JSON.parse(event.data)

export function readPlaygroundEvent(event: SseEvent): PlaygroundEvent | null {
  switch (event.event) {
    case 'started':
      return { type: 'started', run: dataOf('started', event) }
    case 'queued':
      return { type: 'queued', ...dataOf('queued', event) }
    case 'loading':
      return { type: 'loading', ...dataOf('loading', event) }
    case 'reading':
      return { type: 'reading', ...dataOf('reading', event) }
    case 'delta':
      return { type: 'delta', ...dataOf('delta', event) }
    case 'answered':
      return { type: 'answered', answer: dataOf('answered', event) }
    case 'done':
      return { type: 'done', run: dataOf('done', event) }
    case 'error':
      throw errorFromBody(dataOf('error', event), { status: 200 })
    default:
      return null
  }
}

const wait = (ms: number, signal: AbortSignal) =>
  new Promise<void>((resolve, reject) => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      reject(signal.reason)
    })
  })

/** Follows a run from its beginning to its end; a connection that breaks is rejoined. Throws when the node refuses or stays away. */
export async function* followRun(id: string, signal: AbortSignal): AsyncGenerator<PlaygroundEvent> {
  for (let attempt = 0; attempt <= REJOINS_MAX; attempt++) {
    try {
      const response = await send(buildUrl('/api/playground/runs/{id}/stream', { id }), {
        headers: { accept: 'text/event-stream' },
        signal,
      })
      for await (const raw of readEvents(response)) {
        const event = readPlaygroundEvent(raw)
        if (!event) continue
        yield event
        if (event.type === 'done') return
      }
    } catch (error) {
      if (signal.aborted) throw error
      if (error instanceof ApiError && !isApiError(error, 'unreachable')) throw error
    }
    await wait(REJOIN_WAIT_MS * (attempt + 1), signal)
  }
  throw unreachable()
}
