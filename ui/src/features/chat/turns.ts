import type { Message } from '@/api/types'
import { isActive, type Run } from './run'

/** A question with its answer. Either may be missing: the first page of a long history can begin with an answer. */
export type Turn = {
  key: string
  question: Message | null
  answer: Message | null
  /** The answer is being written to this tab right now. */
  live: boolean
}

const EMPTY: Omit<Message, 'id' | 'conversation_id' | 'role' | 'text' | 'state' | 'created_at'> = {
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
}

/** The question of a run as a message, until the node's own copy has been read. */
function questionOf(run: Run): Message | null {
  if (!run.question) return null
  return {
    ...EMPTY,
    id: run.user_message_id ?? `${run.id}-question`,
    conversation_id: run.conversation_id ?? '',
    role: 'user',
    text: run.question.text,
    attachments: [...run.question.attachments],
    state: 'complete',
    created_at: new Date(run.started_at).toISOString(),
  }
}

/** The answer of a run as a message: the stored one once there is one, what has arrived so far otherwise. */
export function answerOf(run: Run): Message {
  if (run.answer) return run.answer
  return {
    ...EMPTY,
    id: run.message_id ?? `${run.id}-answer`,
    conversation_id: run.conversation_id ?? '',
    role: 'assistant',
    text: run.text,
    state: isActive(run) ? 'running' : 'failed',
    mode: run.mode,
    model: run.model,
    error: run.error,
    created_at: new Date(run.started_at).toISOString(),
  }
}

/** Messages, oldest first, in turns. `keyOf` gives a turn that began in this tab the key it had from its first moment. */
function group(messages: readonly Message[], keyOf: (id: string) => string): Turn[] {
  const turns: Turn[] = []
  for (const message of messages) {
    const last = turns.at(-1)
    if (message.role === 'user') turns.push({ key: keyOf(message.id), question: message, answer: null, live: false })
    else if (last && last.answer === null) last.answer = message
    else turns.push({ key: keyOf(message.id), question: null, answer: message, live: false })
  }
  return turns
}

/** The stored copy counts once it is finished; until then the run knows more. */
const stored = (messages: readonly Message[], run: Run) =>
  messages.find((message) => message.id === run.message_id && message.state !== 'running')

/**
 * The turns of a conversation: what is stored (oldest first) with the run of this tab laid over it. While a question or an
 * answer is being replaced, what it replaces is hidden.
 */
export function turnsOf(messages: readonly Message[], run: Run | undefined, keyOf: (id: string) => string = (id) => id): Turn[] {
  if (!run || run.phase === 'refused') return group(messages, keyOf)
  const cut = run.replaces === null ? -1 : messages.findIndex((message) => message.id === run.replaces)
  const mine = new Set([run.message_id, run.user_message_id])
  const kept = messages.filter((message, index) => !mine.has(message.id) && (cut < 0 || index < cut))
  const question = messages.find((message) => message.id === run.user_message_id) ?? questionOf(run)
  const answer = stored(messages, run) ?? answerOf(run)
  const turns = group(kept, keyOf)
  const live = isActive(run)
  const open = turns.at(-1)
  if (question) return [...turns, { key: run.id, question, answer, live }]
  if (open && open.answer === null) return [...turns.slice(0, -1), { ...open, answer, live }]
  return [...turns, { key: run.id, question: null, answer, live }]
}
