import { type QueryClient, useMutation, useQueryClient } from '@tanstack/react-query'
import { useCallback, useEffect, useMemo, useRef } from 'react'
import { type ChatStart, followMessage, streamChat } from '@/api/chat-stream'
import { api, newKey } from '@/api/client'
import { keys } from '@/api/queries'
import { useSession } from '@/api/session'
import type { AttachmentInput, DataClass, Ve } from '@/api/types'
import { firstName } from '@/components/agent-facts'
import { announce } from '@/components/announcer'
import { toast } from '@/components/toast'
import { t } from '@/lib/i18n'
import { isActive, newRun, type Run } from './run'
import { conversationKey, listen, markStopping, runOf, usePageKey, useRun } from './run-store'

const bytes = (text: string) => new TextEncoder().encode(text).length

/** What an answer leaves stale: the shell's event stream says so too, but may be a moment behind or broken. */
function refresh(client: QueryClient, ve: string) {
  for (const queryKey of [keys.ve(ve), [...keys.ves, 'list'], keys.overview, keys.usage]) void client.invalidateQueries({ queryKey })
}

function start(run: Run, ve: string, person: string, key: string, how: ChatStart | { kind: 'follow'; message_id: string }) {
  const events = () => (how.kind === 'follow' ? followMessage(ve, how.message_id) : streamChat(how))
  return listen({ person, key, run, events })
}

/** The answer of a conversation that this tab listens to, and every way to begin or end one. */
export function useAnswer(ve: Ve, conversation: string | null) {
  const client = useQueryClient()
  const person = useSession().person.id
  const key = conversationKey(person, ve.id, conversation)
  const run = useRun(key)
  const page = usePageKey(key)
  useAnnouncements(run, firstName(ve.persona_name))

  const begin = useCallback(
    async (how: ChatStart | { kind: 'follow'; message_id: string }, more: Partial<Run>) => {
      const run = newRun({ id: `run-${newKey()}`, conversation_id: conversation, started_at: Date.now(), ...more })
      const ended = await start(run, ve.id, person, key, how)
      refresh(client, ve.id)
      return ended
    },
    [client, conversation, key, person, ve.id],
  )

  // A question that did not get through is sent again with the same key, so that the node never answers it twice.
  const attempt = useRef({ message: '', key: '' })
  const actions = useMemo(
    () => ({
      /** Sends a question. The promise is settled at the end of the answer. */
      send: async (message: string, attachments: AttachmentInput[], dataClass?: DataClass) => {
        if (attempt.current.message !== message) attempt.current = { message, key: newKey() }
        const input = {
          message,
          ...(conversation ? { conversation_id: conversation } : dataClass ? { data_class: dataClass } : {}),
          ...(attachments.length > 0 ? { attachments } : {}),
        }
        const question = { text: message, attachments: attachments.map(({ name, text }) => ({ name, text_bytes: bytes(text) })) }
        const ended = await begin({ kind: 'send', ve_id: ve.id, input, idempotencyKey: attempt.current.key }, { question })
        if (ended.phase !== 'refused' || ended.error?.code !== 'unreachable') attempt.current = { message: '', key: '' }
        return ended
      },
      /** Has an answer written anew. */
      regenerate: (message_id: string) => begin({ kind: 'regenerate', ve_id: ve.id, message_id }, { replaces: message_id }),
      /** Puts other words in place of a question, and has it answered. */
      edit: (message_id: string, message: string, attachments: { name: string; text_bytes: number }[]) =>
        begin(
          { kind: 'edit', ve_id: ve.id, message_id, input: { message } },
          { replaces: message_id, question: { text: message, attachments } },
        ),
      /** Listens to an answer that runs already; one whose connection was lost keeps its place. */
      follow: (message_id: string) => {
        const known = runOf(key)
        if (isActive(known)) return
        const lost = known?.message_id === message_id ? known : undefined
        const place = lost ? { id: lost.id, question: lost.question, replaces: lost.replaces, user_message_id: lost.user_message_id } : {}
        void begin({ kind: 'follow', message_id }, { message_id, ...place })
      },
    }),
    [begin, conversation, key, ve.id],
  )
  const stop = useStop(ve.id, key, run)
  return { run, page, stop, ...actions }
}

/** Stop, also when it is pressed before the node has named the answer. */
function useStop(ve: string, key: string, run: Run | undefined) {
  const { mutate } = useMutation({
    mutationFn: (message: string) => api.post('/api/ves/{id}/messages/{message}/stop', { path: { id: ve, message } }),
    onError: toast.error,
  })
  const asked = useRef<string | null>(null)
  const stopping = run?.stopping ?? false
  const message = run?.message_id ?? null
  useEffect(() => {
    if (!stopping || !message || asked.current === message) return
    asked.current = message
    mutate(message)
  }, [stopping, message, mutate])
  return useCallback(() => markStopping(key), [key])
}

/** One short sentence when an answer begins and one when it ends; never its words. */
function useAnnouncements(run: Run | undefined, name: string) {
  const phase = run?.phase
  const stopped = run?.answer?.state === 'stopped'
  const before = useRef(phase)
  useEffect(() => {
    if (before.current === phase) return
    before.current = phase
    if (phase === 'starting') announce(t('chat.said.started', { name }))
    if (phase === 'done') announce(stopped ? t('chat.said.stopped', { name }) : t('chat.said.done', { name }))
    if (phase === 'failed' || phase === 'refused' || phase === 'lost') announce(t('chat.said.failed', { name }))
  }, [phase, stopped, name])
}
